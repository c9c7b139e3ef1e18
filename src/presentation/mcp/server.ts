import {
  type CallToolResult,
  type InputRequiredResult,
  ProtocolError,
  Server,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import { errorBody, foreseen } from '../errors.ts';
import { IDENTITY } from '../identity.ts';
import { offerCompletions } from './completions.ts';
import { verifyState, withPerson } from './elicitation.ts';
import { INSTRUCTIONS } from './instructions.ts';
import type { Open } from './open.ts';
import { progressOf } from './progress.ts';
import { offerPrompts } from './prompts.ts';
import { unknownName } from './protocol-errors.ts';
import { offerResources } from './resources.ts';
import type { Subscriptions } from './subscriptions.ts';

export type ServerParts = Readonly<{
  open: Open;
  /** What `tools/list` answers. */
  tools: readonly Tool[];
  subscriptions: Subscriptions;
}>;

/** What does not change while the process lives. */
const FIXED = { ttlMs: 3_600_000, cacheScope: 'public' } as const;

const OPTIONS = {
  instructions: INSTRUCTIONS,
  requestState: { verify: verifyState },
  capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {} },
  cacheHints: {
    'server/discover': FIXED,
    'tools/list': FIXED,
    'prompts/list': FIXED,
    'resources/templates/list': FIXED,
  },
} as const;

/**
 * A server for one connection, of the 2025 era or of 2026-07-28 alike. It is the SDK's low-level one: the high-level one
 * answers unknown tools and ill-formed arguments in words of its own, and converts every schema at each `tools/list`.
 */
export function createServer({ open, tools, subscriptions }: ServerParts): Server {
  const server = new Server(IDENTITY, OPTIONS);
  server.setRequestHandler('tools/list', () => ({ tools: [...tools] }));
  server.setRequestHandler('tools/call', ({ params }, context) => callTool(params, { open, context, server }));
  offerResources(server, { open, subscriptions });
  offerPrompts(server, open);
  offerCompletions(server, open);
  return server;
}

type Called = Readonly<{ name: string; arguments?: Readonly<Record<string, unknown>> | undefined }>;
type Calling = Readonly<{ open: Open; context: ServerContext; server: Server }>;

/** Some clients show the model the structured content, some the text block: each is complete without the other. */
async function callTool(
  { name, arguments: args = {} }: Called,
  { open, context, server }: Calling,
): Promise<CallToolResult | InputRequiredResult> {
  const { orchestrator, log } = await open();
  if (!orchestrator.knows(name)) throw unknownName('tool', name, orchestrator.names());
  const options = { signal: context.mcpReq.signal, ...progressOf(context) };
  try {
    return await withPerson({ server, context, name, args }, async (person) => {
      const reply = await orchestrator.call(name, args, { ...options, ...(person !== undefined && { person }) });
      return { content: [asText(reply)], structuredContent: { ...reply } };
    });
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    return { content: [asText(errorBody(foreseen(error, log)))], isError: true };
  }
}

const asText = (body: Readonly<Record<string, unknown>>) => ({ type: 'text', text: JSON.stringify(body) }) as const;

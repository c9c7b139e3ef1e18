import type { Server } from '@modelcontextprotocol/server';
import type { Context } from '../../application/tool.ts';
import type { Open } from './open.ts';
import { asProtocolError } from './protocol-errors.ts';

/** MCP takes no more than this many values at once. */
const MOST_VALUES = 100;

type Completer = (prefix: string, context: Context) => Promise<readonly string[]>;

/** By the name of the argument: an id is completed alike in every resource and prompt. */
const COMPLETERS: Readonly<Record<string, Completer>> = {
  task_id: (prefix, { tasks }) => tasks.idsWithPrefix(prefix, MOST_VALUES + 1),
  artifact_id: (prefix, { artifacts }) => artifacts.idsWithPrefix(prefix, MOST_VALUES + 1),
  async template_id(prefix, context) {
    const { allIds, shelfOf } = await import('../../application/template-shelf.ts');
    return (await allIds(shelfOf(context))).filter((id) => id.startsWith(prefix));
  },
  session_id: async (prefix, { sessions }) => {
    const unended = await sessions.unended(MOST_VALUES);
    return unended.map(({ id }) => id).filter((id) => id.startsWith(prefix));
  },
};

/** What a client offers a person who is typing an id. */
export function offerCompletions(server: Server, open: Open): void {
  server.setRequestHandler('completion/complete', async ({ params: { argument } }) => {
    const completer = Object.hasOwn(COMPLETERS, argument.name) ? COMPLETERS[argument.name] : undefined;
    if (completer === undefined) return { completion: { values: [] } };
    const opened = await open();
    const ids = await opened.orchestrator
      .readIfThere((context) => completer(argument.value, context))
      .catch((error: unknown) => {
        throw asProtocolError(error, opened);
      });
    const found = ids ?? [];
    return { completion: { values: found.slice(0, MOST_VALUES), hasMore: found.length > MOST_VALUES } };
  });
}

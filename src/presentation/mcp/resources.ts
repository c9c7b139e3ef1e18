import { ResourceNotFoundError, type Server } from '@modelcontextprotocol/server';
import { mermaid } from '../../domain/graph.ts';
import { foreseen } from '../errors.ts';
import { GUIDE } from './guide.ts';
import type { Open, Opened } from './open.ts';
import { asProtocolError } from './protocol-errors.ts';
import type { Subscriptions } from './subscriptions.ts';
import { URIS } from './uris.ts';

const JSON_TYPE = 'application/json';
const MARKDOWN = 'text/markdown';
const MERMAID = 'text/vnd.mermaid';
const YAML = 'application/yaml';

/** Clients show the list to people whole. */
const LISTED_PLANS = 50;
/** What a page can still draw legibly; Mermaid itself refuses more than 500 arrows. */
const DRAWN_TASKS = 400;

const STATIC_RESOURCES = [
  {
    uri: URIS.status,
    name: 'status',
    title: 'Status',
    description: 'Open plans with their progress, what is ready, in progress and blocked',
    mimeType: JSON_TYPE,
  },
  {
    uri: URIS.guide,
    name: 'guide',
    title: 'Guide',
    description: 'The whole workflow on a page, for an agent',
    mimeType: MARKDOWN,
  },
] as const;

const RESOURCE_TEMPLATES = [
  {
    uriTemplate: URIS.task('{task_id}'),
    name: 'task',
    title: 'Task',
    description: 'A task with its dependencies, subtasks, artifacts and claim',
    mimeType: JSON_TYPE,
  },
  {
    uriTemplate: URIS.artifact('{artifact_id}'),
    name: 'artifact',
    title: 'Artifact',
    description: 'A piece of finished work, whole, as it was handed in',
    mimeType: MARKDOWN,
  },
  {
    uriTemplate: URIS.graph('{task_id}'),
    name: 'graph',
    title: 'Graph of a plan',
    description: 'The tasks of a plan and what waits for what, as a Mermaid flowchart',
    mimeType: MERMAID,
  },
  {
    uriTemplate: URIS.template('{template_id}'),
    name: 'template',
    title: 'Template',
    description: 'A template whole, as it was written',
    mimeType: YAML,
  },
] as const;

/** Resources are what a person attaches to a conversation; everything that they show, tools show too. */
export function offerResources(
  server: Server,
  { open, subscriptions }: Readonly<{ open: Open; subscriptions: Subscriptions }>,
): void {
  server.setRequestHandler('resources/list', async () => ({
    resources: [...STATIC_RESOURCES, ...(await openPlans(await open()))],
  }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [...RESOURCE_TEMPLATES] }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }, { mcpReq }) => {
    const content = await read(uri, { open, signal: mcpReq.signal });
    if (content === undefined) throw new ResourceNotFoundError(uri);
    return { contents: [{ uri, ...content }] };
  });
  server.setRequestHandler('resources/subscribe', async ({ params: { uri } }) => {
    await subscriptions.add(uri, [uri]).catch(async (error: unknown) => {
      throw asProtocolError(error, await open());
    });
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', ({ params: { uri } }) => {
    subscriptions.remove(uri);
    return {};
  });
}

/** A client that lists resources when it connects should get the others although there is no store to be had. */
async function openPlans({ orchestrator, log }: Opened) {
  try {
    const plans = await orchestrator.readIfThere(({ tasks }) =>
      tasks.roots({ isOpen: true, hasSubtasks: true, limit: LISTED_PLANS }),
    );
    return (plans ?? []).map(({ id, title }) => ({ uri: URIS.task(id), name: id, title, mimeType: JSON_TYPE }));
  } catch (error) {
    log.warn({ err: error }, 'Open plans could not be listed as resources');
    return [];
  }
}

type Content = Readonly<{ mimeType: string; text: string }>;
type Reading = Opened & Readonly<{ signal: AbortSignal }>;
type Reader = (id: string, reading: Reading) => Promise<Content | undefined>;

const READERS: readonly (readonly [RegExp, Reader])[] = [
  [/^orchestrator:\/\/status$/, (_, reading) => reply('orchestrator_get_status', {}, reading)],
  [/^orchestrator:\/\/tasks\/([^/]+)$/, (id, reading) => reply('orchestrator_get_task', { task_id: id }, reading)],
  [/^orchestrator:\/\/artifacts\/([^/]+)$/, artifact],
  [/^orchestrator:\/\/plans\/([^/]+)\/graph$/, graph],
  [/^orchestrator:\/\/templates\/([^/]+)$/, template],
];

async function read(
  uri: string,
  { open, signal }: Readonly<{ open: Open; signal: AbortSignal }>,
): Promise<Content | undefined> {
  if (uri === URIS.guide) return { mimeType: MARKDOWN, text: GUIDE };
  for (const [pattern, reader] of READERS) {
    const match = pattern.exec(uri);
    if (match === null) continue;
    const opened = await open();
    return reader(match[1] ?? '', { ...opened, signal }).catch((error: unknown) => refusal(error, opened));
  }
  return undefined;
}

/** What is not there has an error of its own. */
function refusal(error: unknown, opened: Opened): undefined {
  const known = foreseen(error, opened.log);
  if (known.code === 'not_found') return undefined;
  throw asProtocolError(known, opened);
}

async function reply(
  tool: string,
  args: Readonly<Record<string, unknown>>,
  { orchestrator, signal }: Reading,
): Promise<Content> {
  return { mimeType: JSON_TYPE, text: JSON.stringify(await orchestrator.call(tool, args, { signal })) };
}

function artifact(id: string, { orchestrator }: Reading): Promise<Content | undefined> {
  return orchestrator.read(async ({ tasks, artifacts, artifactFiles }) => {
    const found = await artifacts.find(id);
    const isThere = found !== undefined && (await tasks.find(found.taskId)) !== undefined;
    const content = isThere ? await artifactFiles.read(found) : undefined;
    return content === undefined || content.state === 'missing'
      ? undefined
      : { mimeType: MARKDOWN, text: content.work };
  });
}

function graph(id: string, { orchestrator }: Reading): Promise<Content | undefined> {
  return orchestrator.read(async ({ tasks, dependencies }) => {
    const plan = await tasks.find(id);
    if (plan === undefined) return undefined;
    const all = [plan, ...(await tasks.descendants(id))];
    const drawn = all.slice(0, DRAWN_TASKS);
    const edges = await dependencies.of(drawn.map((task) => task.id));
    const left = all.length > drawn.length ? `%% ${all.length - drawn.length} more tasks are not drawn\n` : '';
    return { mimeType: MERMAID, text: mermaid(drawn, edges) + left };
  });
}

function template(id: string, { orchestrator }: Reading): Promise<Content | undefined> {
  return orchestrator.read(async (context) => {
    const { shelfOf, textOf } = await import('../../application/template-shelf.ts');
    const text = await textOf(shelfOf(context), id);
    return text !== undefined && 'content' in text ? { mimeType: YAML, text: text.content } : undefined;
  });
}

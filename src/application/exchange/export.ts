import type { Dependency } from '../../domain/dependencies.ts';
import { invalid } from '../../domain/errors.ts';
import { MERMAID_DRAWS, mermaid } from '../../domain/graph.ts';
import { outline } from '../../domain/outline.ts';
import { theTask } from '../find.ts';
import type { Beforehand, Context } from '../tool.ts';
import { iso } from '../views.ts';
import type { ExchangeTarget } from './files.ts';
import { writeRecords } from './writing.ts';

export const FORMATS = ['jsonl', 'markdown', 'mermaid'] as const;
export type Format = (typeof FORMATS)[number];

export type ExportRequest = Readonly<{
  /** This task and all below it; everything where it is undefined. */
  taskId: string | undefined;
  format: Format;
  to: string | undefined;
  includeArtifacts: boolean;
}>;

/** What was exported, and what it could not bring along. */
export type Exported = Readonly<{
  path: string;
  bytes: number;
  tasks: number;
  dependencies: number;
  artifacts: number;
  notes: number;
  /** Artifacts whose file is lost. */
  lost: number;
}>;

/** More boxes can be looked at no longer; of arrows and characters Mermaid itself draws no more, unless a page says otherwise. */
const MOST_DRAWN = { tasks: 400, ...MERMAID_DRAWS } as const;
const BATCH = 500;

/** What an export is about, as it is at one moment. */
export type Scope = Readonly<{ ids: readonly string[]; title: string | undefined }>;
type Counts = Omit<Exported, 'path' | 'bytes'>;
const NO_COUNTS: Counts = { tasks: 0, dependencies: 0, artifacts: 0, notes: 0, lost: 0 };

/**
 * Exports what there is at one moment, to a file that is put in its place when it is whole. The store is read in one
 * go: what others write meanwhile is not in it, and other calls to this server wait.
 */
export async function exportWorkflow(beforehand: Beforehand, request: ExportRequest): Promise<Exported> {
  const { exchangeFiles } = beforehand;
  refuseEnding(request);
  const target = await exchangeFiles.create(request.to ?? freshPath(beforehand, request), beforehand.clock());
  try {
    const counts = await beforehand.read(async (context) => {
      const scope = await scopeOf(context, request.taskId);
      return WRITERS[request.format]({ context, scope, request, target });
    });
    return { ...(await target.finish()), ...counts };
  } finally {
    await target.discard();
  }
}

export type Writing = Readonly<{ context: Context; scope: Scope; request: ExportRequest; target: ExchangeTarget }>;

const WRITERS: Readonly<Record<Format, (writing: Writing) => Promise<Counts>>> = {
  jsonl: writeRecords,
  markdown: writeOutlines,
  mermaid: writeGraph,
};

/** How the name of a file ends that holds a format, the usual one first; a folder has no ending. */
const ENDINGS = {
  jsonl: ['.jsonl', '.tar.gz', '.tgz', ''],
  markdown: ['.md', '.markdown', '.txt'],
  mermaid: ['.mmd', '.mermaid', '.txt'],
} as const satisfies Record<Format, readonly string[]>;

function freshPath({ clock, drawId }: Beforehand, { format, includeArtifacts }: ExportRequest): string {
  const moment = iso(clock()).slice(0, 19).replaceAll(/[-:]/g, '');
  const ending = format === 'jsonl' && includeArtifacts ? '.tar.gz' : ENDINGS[format][0];
  return `.task_orchestrator/exports/${moment}-${drawId()}${ending}`;
}

/** Whoever asks for `x.zip` does not want lines of JSON under that name. */
function refuseEnding({ format, to }: ExportRequest): void {
  const ending = to === undefined ? undefined : endingOf(to);
  if (ending === undefined || holds(format, ending)) return;
  const meant = FORMATS.find((other) => holds(other, ending));
  const what = ending === '' ? 'a folder' : ending;
  throw invalid(`${format} is not written to ${what}: ${to}`, {
    parameter: 'to',
    suggestion: `Repeat with ${meant === undefined ? '' : `format ${meant}, or with `}a path that ends with ${WAYS[format]}`,
  });
}

const WAYS = {
  jsonl: '.jsonl or .tar.gz, or with that of a new folder',
  markdown: '.md',
  mermaid: '.mmd',
} as const satisfies Record<Format, string>;

const holds = (format: Format, ending: string) => ENDINGS[format].some((one) => one === ending);
const endingOf = (path: string): string => /[^/\\](\.tar\.gz|\.[^./\\]*)$/.exec(path)?.[1] ?? '';

async function scopeOf(context: Context, taskId: string | undefined): Promise<Scope> {
  if (taskId === undefined) return { ids: await allIds(context), title: undefined };
  const { id, title } = await theTask(context, taskId);
  return { ids: [id, ...(await context.maintenance.idsBelow(id))], title };
}

async function allIds({ maintenance }: Context): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let page = await maintenance.tasksAfter(0, BATCH); page.length > 0; ) {
    ids.push(...page.map(({ id }) => id));
    page = await maintenance.tasksAfter(page.at(-1)?.seq ?? 0, BATCH);
  }
  return ids;
}

/** A page for each task of the scope that has no parent in it, one after the other. */
async function writeOutlines({ context, scope, target }: Writing): Promise<Counts> {
  const known = new Set(scope.ids);
  let counts = NO_COUNTS;
  for (let at = 0; at < scope.ids.length; at += BATCH) {
    context.signal.throwIfAborted();
    const batch = scope.ids.slice(at, at + BATCH);
    const tasks = new Map((await context.tasks.findAll(batch)).map((task) => [task.id, task]));
    const tops = batch.flatMap((id) => tasks.get(id) ?? []).filter(({ parentId = '' }) => !known.has(parentId));
    for (const plan of tops) {
      const descendants = await context.tasks.descendants(plan.id);
      const ids = [plan.id, ...descendants.map(({ id }) => id)];
      const [edges, notes] = [await context.dependencies.of(ids), await context.notes.of(ids)];
      const outside = await prerequisitesBeyond(context, edges, new Set(ids));
      await target.write(`${outline({ plan, descendants, edges, notes, artifacts: [] }, outside)}\n`);
      counts = {
        ...counts,
        tasks: counts.tasks + ids.length,
        dependencies: counts.dependencies + edges.length,
        notes: counts.notes + notes.length,
      };
    }
    context.report(at, scope.ids.length, `exporting, ${at} of ${scope.ids.length} tasks`);
  }
  return counts;
}

const prerequisitesBeyond = ({ tasks }: Context, edges: readonly Dependency[], own: ReadonlySet<string>) =>
  tasks.findAll([...new Set(edges.map(({ prerequisiteId }) => prerequisiteId).filter((id) => !own.has(id)))]);

async function writeGraph({ context, scope, target }: Writing): Promise<Counts> {
  const { ids } = scope;
  refuseCrowded(ids.length, 'tasks');
  const byId = new Map((await context.tasks.findAll(ids)).map((task) => [task.id, task]));
  const edges = (await context.dependencies.of(ids)).filter(({ prerequisiteId }) => byId.has(prerequisiteId));
  refuseCrowded(edges.length, 'arrows');
  const drawing = mermaid(
    ids.flatMap((id) => byId.get(id) ?? []),
    edges,
  );
  refuseCrowded(drawing.length, 'characters');
  await target.write(drawing);
  return { ...NO_COUNTS, tasks: ids.length, dependencies: edges.length };
}

function refuseCrowded(count: number, what: keyof typeof MOST_DRAWN): void {
  if (count <= MOST_DRAWN[what]) return;
  throw invalid(`${count} ${what} are too many for one drawing; at most ${MOST_DRAWN[what]} are drawn`, {
    parameter: 'task_id',
    suggestion: 'Repeat with the task_id of one plan, or with format markdown',
  });
}

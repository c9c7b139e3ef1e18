import type { Artifact } from '../../domain/artifact.ts';
import type { Dependency } from '../../domain/dependencies.ts';
import type { Exported, Writing } from './export.ts';
import { artifactLine, dependencyLine, headLine, noteLine, sessionLine, taskLine } from './record.ts';

/** Tasks whose lines are read together. */
const BATCH = 500;
/** More notes than anybody writes about the workspace. */
const ALL_NOTES = 1_000_000;

type Lines = Readonly<{ write(line: object): Promise<void>; count(): number }>;

/** Writes a scope as lines: sessions and tasks first, then what names tasks, and a last line by which a cut-off file is known. */
export async function writeRecords(writing: Writing): Promise<Omit<Exported, 'path' | 'bytes'>> {
  const { context, scope, target } = writing;
  const lines = linesInto(target.write);
  await target.write(`${JSON.stringify(headLine(context.clock(), scope.title))}\n`);
  const known = new Set(scope.ids);
  const counting = { dependencies: 0, artifacts: 0, notes: 0, lost: 0 };
  const sessions = new Set<string>();
  await eachBatch(writing, 'tasks', async (ids) => {
    const tasks = new Map((await context.tasks.findAll(ids)).map((task) => [task.id, task]));
    for (const task of ids.flatMap((id) => tasks.get(id) ?? [])) {
      await tellSession(writing, { id: task.sessionId, sessions, lines });
      const isOutside = task.parentId !== undefined && !known.has(task.parentId);
      await lines.write(taskLine(task, { isOutside }));
    }
  });
  await eachBatch(writing, 'dependencies', async (ids) => {
    for (const edge of await context.dependencies.of(ids)) {
      await lines.write(dependencyLine(lasting(writing, edge), { isOutside: !known.has(edge.prerequisiteId) }));
      counting.dependencies += 1;
    }
  });
  if (writing.request.includeArtifacts) {
    await eachBatch(writing, 'artifacts', async (ids) => {
      for (const artifact of await context.artifacts.of(ids)) {
        const work = await workOf(writing, artifact);
        await lines.write(artifactLine(artifact, work.inLine));
        counting.artifacts += 1;
        if (!work.isThere) counting.lost += 1;
      }
    });
  }
  await eachBatch(writing, 'notes', async (ids) => {
    for (const note of await context.notes.of(ids)) {
      await lines.write(noteLine(note));
      counting.notes += 1;
    }
  });
  if (writing.request.taskId === undefined) {
    for (const note of await context.notes.ofWorkspace(ALL_NOTES)) {
      await lines.write(noteLine(note));
      counting.notes += 1;
    }
  }
  await target.write(`${JSON.stringify({ kind: 'end', lines: lines.count() })}\n`);
  return { tasks: scope.ids.length, ...counting };
}

function linesInto(write: (text: string) => Promise<void>): Lines {
  let count = 0;
  return {
    async write(line) {
      count += 1;
      await write(`${JSON.stringify(line)}\n`);
    },
    count: () => count,
  };
}

/** Hands over ids some at a time; in between others get their turn, and the caller hears how far it is. */
async function eachBatch(
  { context, scope: { ids } }: Writing,
  what: string,
  work: (ids: readonly string[]) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < ids.length; at += BATCH) {
    context.signal.throwIfAborted();
    await work(ids.slice(at, at + BATCH));
    const share = PASSES.indexOf(what) * ids.length + at;
    context.report(share, PASSES.length * ids.length, `exporting ${what}, ${at} of ${ids.length} tasks`);
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}

const PASSES: readonly string[] = ['tasks', 'dependencies', 'artifacts', 'notes'];

type Telling = Readonly<{ id: string; sessions: Set<string>; lines: Lines }>;

async function tellSession({ context }: Writing, { id, sessions, lines }: Telling): Promise<void> {
  if (sessions.has(id)) return;
  sessions.add(id);
  const session = await context.sessions.find(id);
  if (session !== undefined) await lines.write(sessionLine(session));
}

/** Work that stays behind would leave those stuck who got it: what they waited for is there already. */
function lasting({ request }: Writing, edge: Dependency): Dependency {
  const isGot = edge.type === 'data' && edge.status === 'satisfied' && !request.includeArtifacts;
  return isGot ? { ...edge, verdict: edge.verdict ?? 'waived' } : edge;
}

async function workOf(
  { context, target }: Writing,
  artifact: Artifact,
): Promise<Readonly<{ isThere: boolean; inLine: string | undefined }>> {
  if (!target.holdsWorksInLines) return { isThere: await target.copy(artifact), inLine: undefined };
  const content = await context.artifactFiles.read(artifact);
  return content.state === 'missing' ? { isThere: false, inLine: undefined } : { isThere: true, inLine: content.work };
}

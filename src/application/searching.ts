import { OrchestratorError } from '../domain/errors.ts';
import type { Event, EventType } from '../domain/event.ts';
import { RETRIES } from '../domain/retries.ts';
import type { ArtifactFiles, Repositories } from './ports.ts';
import type { IndexChange, SearchEntry, Source, Touched } from './search-repository.ts';
import type { Beforehand } from './tool.ts';

/**
 * The index is brought up to date by whoever searches, from the events: they are numbered and never altered, and
 * whatever changes a text appends one. So writing costs nothing more, and it does not matter which server does it.
 */

/** How long a search indexes before it answers with what there is. */
const WITHIN_MS = RETRIES.searchIndex.withinMs;
/** Events that are looked at together. */
const AT_ONCE = 500;
/** Events without a text that the mark is moved for: to do so each time would be a write for every search. */
const WORTH_A_WRITE = 100;
/** Characters that are indexed in one transaction, so that nobody waits long for his turn. */
const CHUNK = 1_000_000;
/** Characters of an artifact's work that are searched. */
const SEARCHED_WORK = 256 * 1024;

/** Makes searchable what has changed, for two seconds at most; the rest follows after the reply. Returns how many events are left. */
export async function bringUpToDate(beforehand: Beforehand): Promise<number> {
  const left = await leftAfter(beforehand);
  if (left > 0) beforehand.afterwards((later) => catchUp(later));
  return left;
}

async function leftAfter(beforehand: Beforehand): Promise<number> {
  const until = beforehand.clock() + WITHIN_MS;
  const signal = AbortSignal.timeout(WITHIN_MS);
  try {
    await catchUp(beforehand, { isOver: () => beforehand.clock() >= until, signal });
  } catch (error) {
    const isFull = error instanceof OrchestratorError && error.code === 'transient';
    // Whoever searches is not to wait until somebody else lets go of the store, nor for room on the disk.
    if (beforehand.signal.aborted || !(isFull || signal.aborted)) throw error;
    beforehand.log.warn({ err: error }, 'the search index was not brought up to date');
  }
  return beforehand.read(async ({ search, events }) => leftOf(events, await search.mark()));
}

/** How many events after number `mark` are to be taken in; those after the last one that changes a text do not count. */
export async function leftOf(events: Repositories['events'], mark: number): Promise<number> {
  const next = await events.after(mark, AT_ONCE);
  if (next.length < AT_ONCE) return (next.findLast(isTouching)?.seq ?? mark) - mark;
  return (await events.latest()) - mark;
}

type Limits = Readonly<{ isOver?: () => boolean; signal?: AbortSignal }>;

/** Goes through the events that were not taken in, until there are none or `isOver` says so. */
async function catchUp(beforehand: Beforehand, { isOver = () => false, signal }: Limits = {}): Promise<void> {
  do {
    const batch = await beforehand.read(async (context) => batchAfter(context, await context.search.mark()));
    if (!isWorthTaking(batch)) return;
    for await (const change of changesOf(batch, beforehand.artifactFiles, isLong)) {
      const isTaken = await beforehand.upkeep(({ search }) => search.take(change), { ...(signal && { signal }) });
      // Another server was first, and may have come further.
      if (!isTaken || isOver()) break;
    }
  } while (!isOver());
}

type Batch = Readonly<{ from: number; events: readonly Event[]; sources: readonly Source[] }>;

/** The next events after number `from`, and what is there now of all that they touched. */
export async function batchAfter(
  { search, events }: Pick<Repositories, 'search' | 'events'>,
  from: number,
): Promise<Batch> {
  const next = await events.after(from, AT_ONCE);
  const touched = next.map(touchedBy);
  const all: Touched = {
    tasks: touched.flatMap(({ tasks }) => tasks),
    whole: touched.flatMap(({ whole }) => whole),
    notes: touched.flatMap(({ notes }) => notes),
    artifactIds: touched.flatMap(({ artifactIds }) => artifactIds),
  };
  return { from, events: next, sources: await search.sources(all) };
}

/** Whether there is anything in it to take in, or at least so much that a mark is worth moving. */
export const isWorthTaking = ({ events }: Batch) => events.length >= WORTH_A_WRITE || events.some(isTouching);

const NOTHING: Touched = { tasks: [], whole: [], notes: [], artifactIds: [] };
const wholeTask = ({ taskId }: Event): Touched => ({ ...NOTHING, whole: taskId === undefined ? [] : [taskId] });
const ownTexts = ({ taskId }: Event): Touched => ({ ...NOTHING, tasks: taskId === undefined ? [] : [taskId] });

/** What an event of each type may have changed the texts of; what is not named here changes none. */
const TOUCHING: Partial<Record<EventType, (event: Event) => Touched>> = {
  'task.created': ownTexts,
  'task.updated': ownTexts,
  'task.deleted': wholeTask,
  'task.restored': wholeTask,
  'task.purged': wholeTask,
  // The work of a cancelled task may be given up, and is taken back with it.
  'task.lifecycle_changed': (event) =>
    event.details?.from === 'cancelled' || event.details?.to === 'cancelled' ? wholeTask(event) : NOTHING,
  'note.added': ({ details }) => ({ ...NOTHING, notes: typeof details?.note === 'number' ? [details.note] : [] }),
  'artifact.added': ({ details }) => ({
    ...NOTHING,
    artifactIds: typeof details?.artifact_id === 'string' ? [details.artifact_id] : [],
  }),
};

const isTouching = (event: Event) => touchedBy(event) !== NOTHING;
const touchedBy = (event: Event): Touched => TOUCHING[event.type]?.(event) ?? NOTHING;

type Begun = Omit<IndexChange, 'to'>;

/** The changes that a batch makes, in the order of its events; one ends once it `isFull`. */
export async function* changesOf(
  { from, events, sources }: Batch,
  files: ArtifactFiles,
  isFull: (change: Begun) => boolean,
): AsyncGenerator<IndexChange> {
  const sourcesOf = finder(sources);
  const done = new Set<Source>();
  let change: Begun = { from, emptied: [], entries: [] };
  for (const event of events) {
    const touched = touchedBy(event);
    const entries: SearchEntry[] = [];
    for (const source of sourcesOf(touched)) {
      // What a task loses as a whole it gets back as a whole.
      if (done.has(source) && touched.whole.length === 0) continue;
      done.add(source);
      entries.push(await entryOf(source, files));
    }
    change = {
      from: change.from,
      emptied: [...change.emptied, ...touched.whole],
      entries: [...change.entries, ...entries],
    };
    if (!isFull(change) && event !== events.at(-1)) continue;
    yield { ...change, to: event.seq };
    change = { from: event.seq, emptied: [], entries: [] };
  }
}

const isLong = ({ entries }: Begun) =>
  entries.reduce((sum, { title, body }) => sum + title.length + body.reduce((all, text) => all + text.length, 0), 0) >=
  CHUNK;

/** Gives, of a batch's sources, those that one event touched. */
function finder(sources: readonly Source[]): (touched: Touched) => readonly Source[] {
  const tasks = new Map(sources.flatMap((source) => (source.kind === 'task' ? [[source.task.id, source]] : [])));
  const notes = new Map(sources.flatMap((source) => (source.kind === 'note' ? [[source.seq, source]] : [])));
  const artifacts = new Map(
    sources.flatMap((source) => (source.kind === 'artifact' ? [[source.artifact.id, source]] : [])),
  );
  const owned = Map.groupBy(sources, ({ task }) => task?.id);
  return (touched) => [
    ...touched.tasks.flatMap((id) => tasks.get(id) ?? []),
    ...touched.notes.flatMap((seq) => notes.get(seq) ?? []),
    ...touched.artifactIds.flatMap((id) => artifacts.get(id) ?? []),
    ...touched.whole.flatMap((id) => owned.get(id) ?? []),
  ];
}

async function entryOf(source: Source, files: ArtifactFiles): Promise<SearchEntry> {
  const { kind, seq, task } = source;
  const key = { kind, seq, taskId: task?.id };
  if (source.kind === 'task') return { ...key, title: source.task.title, body: textsOf(source) };
  const work = source.kind === 'artifact' ? await workOf(source, files) : '';
  return { ...key, title: '', body: work === '' ? textsOf(source) : [...textsOf(source), work] };
}

/** The texts that a source is found by, beside its title, and beside the work that lies in a file. */
export function textsOf(source: Source): readonly string[] {
  if (source.kind === 'note') return [source.note.text];
  if (source.kind === 'artifact')
    return [source.artifact.summary, ...source.artifact.filePaths.map(({ path }) => path)];
  const { description, context, acceptanceCriteria, attributes } = source.task;
  return [description ?? '', context ?? '', ...acceptanceCriteria, ...leaves(attributes)].filter((text) => text !== '');
}

/** The work of an artifact as far as it is searched; nothing where its file is gone. */
export async function workOf(
  { artifact }: Extract<Source, { kind: 'artifact' }>,
  files: Pick<ArtifactFiles, 'read'>,
): Promise<string> {
  const file = await files.read(artifact);
  return file.state === 'missing' ? '' : file.work.slice(0, SEARCHED_WORK);
}

/** The texts and numbers in a value, however deep. */
function leaves(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}

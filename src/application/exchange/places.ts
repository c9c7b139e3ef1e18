import { transient } from '../../domain/errors.ts';
import { isEnded } from '../../domain/lifecycle.ts';
import { RETRIES } from '../../domain/retries.ts';
import { RESERVED_NAMES } from '../../domain/specialist.ts';
import type { KnownTask } from '../exchange-repository.ts';
import type { Context } from '../tool.ts';
import type { SurveyedTask } from './columns.ts';
import type { Survey } from './survey.ts';

/** How ids are given, and how two copies of a task are compared. */
export type Mode = Readonly<{
  /** `same` keeps the ids that fit and are free; `fresh` makes a copy of all. */
  into: 'same' | 'fresh';
  compareBy: 'version' | 'mark';
  /** What new ids are derived from beside the old ones, so that a repeated import of the same file finds them again. */
  salt: string;
}>;

/** What is there under the id that a task has here. */
export type Presence = 'none' | 'open' | 'ended' | 'in_trash';
/** Where everything goes. */
export type Places = Readonly<{
  /** Of each task, by its number. */
  ids: readonly string[];
  presence: readonly Presence[];
  /** By the ids that the file gives them; those that are there already are not written. */
  artifacts: ReadonlyMap<string, Readonly<{ id: string; isKnown: boolean }>>;
}>;

/** Looked up together. */
const BATCH = 500;

type Finding = Readonly<{
  context: Context;
  mode: Mode /** Takes the ids, which only a writing transaction can. */;
  isReserving: boolean;
}>;

/** Finds the ids that tasks and artifacts have here. Both looks at the same store and file find the same. */
export async function findPlaces(survey: Survey, finding: Finding): Promise<Places> {
  const own = new Set<string>();
  const seeking = { ...finding, own };
  const ids: string[] = [];
  const presence: Presence[] = [];
  for (let at = 0; at < survey.tasks.count(); at += BATCH) {
    const batch = survey.tasks.slice(at, at + BATCH);
    for (const { id, known } of await placesOf(batch, taskSeeker(seeking))) {
      ids.push(id);
      presence.push(presenceOf(known));
    }
  }
  const artifacts = new Map<string, { id: string; isKnown: boolean }>();
  const numberOf = (id: string) => survey.numbers.get(survey.artifacts.get(id) ?? '') ?? -1;
  const artifactIds = [...survey.artifacts.keys()];
  for (let at = 0; at < artifactIds.length; at += BATCH) {
    const batch = artifactIds.slice(at, at + BATCH);
    const places = await placesOf(batch, artifactSeeker({ ...seeking, taskOf: (id) => ids[numberOf(id)] }));
    for (const [index, id] of batch.entries()) {
      const place = places[index];
      if (place !== undefined) artifacts.set(id, { id: place.id, isKnown: place.known !== undefined });
    }
  }
  return { ids, presence, artifacts };
}

function presenceOf(known: KnownTask | undefined): Presence {
  if (known === undefined) return 'none';
  if (known.isDeleted) return 'in_trash';
  return isEnded(known.stage) ? 'ended' : 'open';
}

type Seeking = Finding & Readonly<{ own: Set<string> }>;
type Seeker<Wanted, Known> = Readonly<{
  candidate(wanted: Wanted, round: number): string;
  /** What is there under these ids. */
  known(ids: readonly string[]): Promise<ReadonlyMap<string, Known>>;
  isSame(known: Known, wanted: Wanted): boolean;
  /** Those of the ids that can be taken. */
  free(ids: readonly string[]): Promise<ReadonlySet<string>>;
}>;

/** The first candidate of each that is itself, met again, or free. */
async function placesOf<Wanted, Known>(
  wanted: readonly Wanted[],
  { candidate, known, isSame, free }: Seeker<Wanted, Known>,
): Promise<readonly Readonly<{ id: string; known: Known | undefined }>[]> {
  const places = new Map<number, { id: string; known: Known | undefined }>();
  for (let round = 0; round < RETRIES.importedId.tries && places.size < wanted.length; round++) {
    const sought = [...wanted.entries()]
      .filter(([index]) => !places.has(index))
      .map(([index, one]) => ({ index, one, id: candidate(one, round) }));
    const there = await known(sought.map(({ id }) => id));
    const isFree = await free(sought.map(({ id }) => id).filter((id) => !there.has(id)));
    const left = new Set(isFree);
    for (const { index, one, id } of sought) {
      const row = there.get(id);
      if (row !== undefined ? isSame(row, one) : left.delete(id)) places.set(index, { id, known: row });
    }
  }
  if (places.size < wanted.length) throw transient('No free id was found', { retry_after_ms: 10 });
  return wanted.flatMap((_, index) => places.get(index) ?? []);
}

function taskSeeker(seeking: Seeking): Seeker<SurveyedTask, KnownTask> {
  const { context, mode } = seeking;
  return {
    candidate: (task, round) => (round === 0 && keepsId(task.id, mode) ? task.id : derived(task, { seeking, round })),
    known: async (ids) => new Map((await context.exchange.known(ids)).map((one) => [one.id, one])),
    isSame: (known, { createdAt, origin }) =>
      mode.into === 'same' && (mode.compareBy === 'mark' ? known.origin === origin : known.createdAt === createdAt),
    free: (ids) => freeAmong(ids, seeking),
  };
}

type SeekingArtifacts = Seeking &
  Readonly<{
    /** The id here of the task that an artifact of the file is of. */
    taskOf(id: string): string | undefined;
  }>;

/** An artifact is the same when its id and its task are. */
function artifactSeeker(seeking: SeekingArtifacts): Seeker<string, string> {
  const { context, mode, taskOf } = seeking;
  return {
    candidate(id, round) {
      if (round === 0 && mode.into === 'same' && /^artifact_[0-9a-z]{8}$/.test(id)) return id;
      return `artifact_${short(seeking, `${id} ${round}`)}`;
    },
    known: async (ids) => new Map((await context.exchange.ownersOf(ids)).map(({ id, taskId }) => [id, taskId])),
    isSame: (owner, id) => mode.into === 'same' && owner === taskOf(id),
    free: (ids) => freeAmong(ids, seeking),
  };
}

async function freeAmong(ids: readonly string[], { context, isReserving, own }: Seeking): Promise<ReadonlySet<string>> {
  if (isReserving) return new Set(await context.identities.reserve(ids));
  const taken = new Set(await context.exchange.taken(ids));
  // What the file itself gives twice is not seen by the store before it is written.
  return new Set(ids.filter((id) => !taken.has(id) && !own.has(suffixOf(id)) && own.add(suffixOf(id))));
}

const suffixOf = (id: string) => id.slice(-8);

const TASK_ID = /^([a-z][a-z0-9_]{0,39})_[0-9a-z]{8}$/;
/** Of the names that are kept for ids, only `task` begins that of a task. */
const OTHERS: ReadonlySet<string> = new Set(RESERVED_NAMES.filter((name) => name !== 'task'));

function keepsId(id: string, { into }: Mode): boolean {
  const prefix = TASK_ID.exec(id)?.[1];
  return into === 'same' && prefix !== undefined && !OTHERS.has(prefix);
}

function derived(
  { id, prefix, createdAt, origin }: SurveyedTask,
  { seeking, round }: Readonly<{ seeking: Seeking; round: number }>,
) {
  const key = seeking.mode.compareBy === 'mark' ? origin : `${id} ${createdAt}`;
  return `${OTHERS.has(prefix) ? 'task' : prefix}_${short(seeking, `${key} ${round}`)}`;
}

/** Eight characters that follow from a text. */
function short({ context, mode }: Seeking, text: string): string {
  const digest = BigInt(`0x${context.artifactFiles.hash(`${mode.salt} ${text}`).slice(0, 24)}`);
  return (digest % 36n ** 8n).toString(36).padStart(8, '0');
}

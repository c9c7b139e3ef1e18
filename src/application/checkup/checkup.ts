import { type Check, type CheckState, LIMITS } from '../../domain/checkup.ts';
import { OrchestratorError, transient } from '../../domain/errors.ts';
import { isLive } from '../claims.ts';
import type { Beforehand, Context } from '../tool.ts';
import type { VitalSigns, Vitals } from './vitals.ts';

/** Pages that are looked through, 40 MB: this server does nothing else meanwhile, and 65 MB took it 160 to 420 ms on busy cores. */
const PAGES = 10_000;
/** Artifacts whose files are read. */
const SAMPLE = 16;

const VERIFY = 'mcp-task-orchestrator verify checks everything';
const DOCTOR = 'mcp-task-orchestrator doctor says what is wrong and what mends it';

/** Measures how a store fares. Changes nothing: what is written is rolled back. */
export async function checkUp(beforehand: Beforehand): Promise<readonly Check[]> {
  const { clock, vitals } = beforehand;
  const timed = timing(vitals);
  const answered = await timed(() => beforehand.read(({ checkup }) => checkup.schemaVersion()));
  const written = await timed(() => writtenForNothing(beforehand));
  const signs = await vitals.measure();
  const looked = await timed(() => beforehand.read(({ checkup }) => checkup.quickCheck(PAGES)));
  const inside = await beforehand.read(async (context) => ({
    claims: await claims(context),
    queue: await queue(context),
    last: await context.checkup.lastEventAt(),
  }));
  return [
    database(answered.ms),
    writable(written),
    whole(looked),
    { check: 'version', state: 'good', finding: `Schema version ${answered.made}` },
    disk(signs),
    wal(signs),
    await artifacts(beforehand),
    inside.claims,
    inside.queue,
    retries(signs),
    clocks(signs, { last: inside.last, at: clock() }),
  ];
}

type Timed<T> = Readonly<{ made: T; ms: number }>;

const timing =
  ({ stopwatch }: Vitals) =>
  async <T>(work: () => Promise<T>): Promise<Timed<T>> => {
    const began = stopwatch();
    const made = await work();
    return { made, ms: Math.round((stopwatch() - began) * 10) / 10 };
  };

const database = (ms: number): Check => ({
  check: 'database',
  finding: `Answers in ${ms} ms`,
  ...judged(ms > LIMITS.answerMs && 'concern', 'Look for a disk or processors that are busy with something else'),
});

/** Thrown by the write that shall leave no trace. */
class Undone extends Error {}

/** The refusal of a write, or undefined where it would have been kept. */
async function writtenForNothing({ upkeep, drawId }: Beforehand): Promise<OrchestratorError | undefined> {
  const patience = AbortSignal.timeout(LIMITS.turnMs);
  const trial = upkeep(
    async ({ identities }) => {
      await identities.reserve([`check_${drawId()}`]);
      throw new Undone();
    },
    { signal: patience },
  );
  return trial.catch((error: unknown) => {
    if (error instanceof Undone) return undefined;
    if (error instanceof OrchestratorError) return error;
    if (error === patience.reason) return NO_TURN;
    throw error;
  });
}

const NO_TURN = transient(`Others have been writing for ${LIMITS.turnMs} ms without a pause`, {
  suggestion: 'See which server or program holds the store; mcp-task-orchestrator doctor works meanwhile',
});

function writable({ made: refusal, ms }: Timed<OrchestratorError | undefined>): Check {
  if (refusal !== undefined) {
    const { message, suggestion = DOCTOR } = refusal;
    return { check: 'writable', state: 'bad', finding: message, nextStep: suggestion };
  }
  const finding = `Takes a write in ${ms} ms`;
  return {
    check: 'writable',
    finding,
    ...judged(ms > LIMITS.writeMs && 'concern', 'See which servers write without a pause'),
  };
}

function whole({ made: problems, ms }: Timed<readonly string[] | undefined>): Check {
  if (problems === undefined) {
    return { check: 'whole', state: 'not_checked', finding: 'Too large for a quick look', nextStep: VERIFY };
  }
  const [first] = problems;
  if (first === undefined) return { check: 'whole', state: 'good', finding: `No damage found in ${ms} ms` };
  return { check: 'whole', state: 'bad', finding: `Damaged: ${first}`, nextStep: DOCTOR };
}

export function disk({ freeBytes, databaseBytes }: VitalSigns): Check {
  if (freeBytes === undefined) {
    return { check: 'disk', state: 'not_checked', finding: 'The system does not tell the free space' };
  }
  const finding = `${size(freeBytes)} free beside a database of ${size(databaseBytes)}`;
  const isTight = freeBytes < LIMITS.freeOverDatabase * databaseBytes;
  const state = freeBytes < LIMITS.leastFreeBytes ? 'bad' : isTight && 'concern';
  return { check: 'disk', finding, ...judged(state, 'Free space on the disk that holds the workspace') };
}

export const wal = ({ walBytes }: VitalSigns): Check => ({
  check: 'wal',
  finding: `${size(walBytes)} committed and not yet written back`,
  ...judged(walBytes > LIMITS.walBytes && 'concern', `End a process that has been reading for long; ${DOCTOR}`),
});

/** A sample from the first to the latest: one that is lost is most often one of many. */
async function artifacts({ read, artifactFiles }: Beforehand): Promise<Check> {
  const sample = await read(async ({ checkup, artifacts }) => {
    const ids = await checkup.someArtifacts(SAMPLE);
    return (await Promise.all(ids.map((id) => artifacts.find(id)))).filter((found) => found !== undefined);
  });
  const states = await Promise.all(sample.map((artifact) => artifactFiles.read(artifact)));
  const amiss = sample.filter((_, index) => states[index]?.state !== 'intact');
  const [first] = amiss;
  if (first === undefined)
    return { check: 'artifacts', state: 'good', finding: `${sample.length} looked at, all intact` };
  const finding = `${amiss.length} of ${sample.length} looked at are missing or altered, ${first.id} for one`;
  return { check: 'artifacts', state: 'concern', finding, nextStep: VERIFY };
}

async function claims(context: Context): Promise<Check> {
  const all = await context.claims.list();
  const stuck = all.filter((claim) => !isLive(claim, context));
  const [first] = stuck;
  const finding = `${all.length - stuck.length} live, ${stuck.length} whose holder is gone`;
  if (first === undefined) return { check: 'claims', state: 'good', finding };
  const nextStep = `orchestrator_execute_subtask with task_id ${first.taskId} takes it up again; orchestrator_get_status names all`;
  return { check: 'claims', state: 'concern', finding, nextStep };
}

async function queue({ checkup, offers, clock }: Context): Promise<Check> {
  const [count, longest] = [await offers.count(), await checkup.longestOnOffer()];
  if (longest === undefined) return { check: 'queue', state: 'good', finding: 'Nothing waits to be taken' };
  const age = clock() - longest.since;
  const finding = `To be taken: ${count}, of which ${longest.id} for ${duration(age)}`;
  return {
    check: 'queue',
    finding,
    ...judged(age > LIMITS.onOfferMs && 'concern', 'orchestrator_next_task takes the first of them'),
  };
}

const retries = ({ retries: times, longestWaitMs }: VitalSigns): Check => ({
  check: 'retries',
  finding: `${times} times this server had to ask again for its turn, at most ${Math.round(longestWaitMs)} ms for one`,
  ...judged(longestWaitMs > LIMITS.waitMs && 'concern', 'See which servers write without a pause'),
});

type Moments = Readonly<{ last: number | undefined; at: number }>;

/** Times that run backwards make leases end too early or too late. */
function clocks({ clockShiftMs }: VitalSigns, { last, at }: Moments): Check {
  const ahead = last === undefined ? 0 : last - at;
  if (ahead > LIMITS.clockMs) {
    const finding = `The latest event lies ${duration(ahead)} in the future: the clock was set back, or another machine is ahead`;
    return { check: 'clock', state: 'concern', finding, nextStep: 'Set the clocks of all machines by the network' };
  }
  if (Math.abs(clockShiftMs) > LIMITS.clockMs) {
    const way = clockShiftMs > 0 ? 'forward' : 'back';
    const finding = `The clock was set ${way} by ${duration(Math.abs(clockShiftMs))} since this server began`;
    return { check: 'clock', state: 'concern', finding, nextStep: 'Restart this server once the clock is right' };
  }
  return { check: 'clock', state: 'good', finding: 'Runs evenly' };
}

const judged = (state: Exclude<CheckState, 'good'> | false, nextStep: string): Pick<Check, 'state' | 'nextStep'> =>
  state === false ? { state: 'good' } : { state, nextStep };

function size(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`;
}

const UNITS = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
] as const;

function duration(ms: number): string {
  const unit = UNITS.find(([, length]) => ms >= 2 * length);
  return unit === undefined ? `${Math.round(ms / 1000)} seconds` : `${Math.floor(ms / unit[1])} ${unit[0]}`;
}

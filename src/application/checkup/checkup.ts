import { type Check, type CheckName, type CheckState, LIMITS } from '../../domain/checkup.ts';
import { hasRunOut } from '../../domain/claim.ts';
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

/**
 * Measures how a store fares, and leaves everything as it was. What cannot be measured, for the store is damaged there, is a
 * finding too; only a store that does not answer at all is a refusal.
 */
export async function checkUp(beforehand: Beforehand): Promise<readonly Check[]> {
  const { clock, vitals } = beforehand;
  const timed = timing(vitals);
  const within = (check: CheckName, look: (context: Context) => Promise<Check>) =>
    measured(check, () => beforehand.read(look));
  // Measured from when its turn has come: behind a write of this server that waits, it would be that one's waiting.
  const answered = await beforehand.read(({ checkup }) => timed(() => checkup.schemaVersion()));
  const written = await timed(() => refusalOfWrite(beforehand));
  const signs = await vitals.measure();
  return [
    database(answered.ms),
    writable(written),
    await measured('whole', async () => whole(await looked(beforehand, timed))),
    { check: 'version', state: 'good', finding: `Schema version ${answered.made}` },
    disk(signs),
    wal(signs),
    await measured('artifacts', () => artifacts(beforehand)),
    await within('claims', claims),
    await within('queue', queue),
    retries(signs),
    await within('clock', async ({ checkup }) => clocks(signs, { last: await checkup.lastEventAt(), at: clock() })),
  ];
}

/** The check, or what kept it from being made. */
const measured = (check: CheckName, look: () => Promise<Check>): Promise<Check> =>
  look().catch((error: unknown) => {
    if (error instanceof OrchestratorError) return failed(check, error);
    throw error;
  });

const failed = (check: CheckName, { message, suggestion = DOCTOR }: OrchestratorError): Check => ({
  check,
  state: 'bad',
  finding: message,
  nextStep: suggestion,
});

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

/** The refusal of a write that is committed, for only that takes room on the disk and waits for it; undefined where there is none. */
async function refusalOfWrite({ upkeep }: Beforehand): Promise<OrchestratorError | undefined> {
  const patience = AbortSignal.timeout(LIMITS.turnMs);
  const trial = upkeep(({ checkup }) => checkup.rewrite(), { signal: patience });
  return trial.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof OrchestratorError) return error;
      if (error === patience.reason) return NO_TURN;
      throw error;
    },
  );
}

const NO_TURN = transient(`Others have been writing for ${LIMITS.turnMs} ms without a pause`, {
  suggestion: 'See which server or program holds the store; mcp-task-orchestrator doctor works meanwhile',
});

function writable({ made: refusal, ms }: Timed<OrchestratorError | undefined>): Check {
  if (refusal !== undefined) return failed('writable', refusal);
  const finding = `Takes a write in ${ms} ms`;
  return {
    check: 'writable',
    finding,
    ...judged(ms > LIMITS.writeMs && 'concern', 'See which servers write without a pause'),
  };
}

const looked = ({ read }: Beforehand, timed: ReturnType<typeof timing>) =>
  read(({ checkup }) => timed(() => checkup.quickCheck(PAGES)));

function whole({ made: problems, ms }: Timed<readonly string[] | undefined>): Check {
  if (problems === undefined) {
    return { check: 'whole', state: 'not_checked', finding: 'Too large for a quick look', nextStep: VERIFY };
  }
  const [first] = problems;
  if (first === undefined) return { check: 'whole', state: 'good', finding: `No damage found in ${ms} ms` };
  return { check: 'whole', state: 'bad', finding: `Damaged: ${inOneLine(first)}`, nextStep: DOCTOR };
}

/** SQLite begins what it says with a heading of its own. */
const inOneLine = (said: string) => said.replace(/^\*\*\* in database main \*\*\*\n/, '').replaceAll('\n', '; ');

/** What is in the log is in the database before long, and in a backup at once. */
export function disk({ freeBytes, databaseBytes, walBytes }: VitalSigns): Check {
  if (freeBytes === undefined) {
    return { check: 'disk', state: 'not_checked', finding: 'The system does not tell the free space' };
  }
  const storeBytes = databaseBytes + walBytes;
  const finding = `${size(freeBytes)} free beside a store of ${size(storeBytes)}`;
  const isTight = freeBytes < LIMITS.freeOverStore * storeBytes;
  const state = freeBytes < LIMITS.leastFreeBytes ? 'bad' : isTight && 'concern';
  return { check: 'disk', finding, ...judged(state, 'Free space on the disk that holds the workspace') };
}

export const wal = ({ walBytes }: VitalSigns): Check => ({
  check: 'wal',
  finding: `The log of what was committed last has ${size(walBytes)}`,
  ...judged(
    walBytes > LIMITS.walBytes && 'concern',
    `Measure again; if it stays, end what has been reading for long. ${DOCTOR}`,
  ),
});

/** A sample from the first to the latest: one that is lost is most often one of many. */
async function artifacts({ read, artifactFiles }: Beforehand): Promise<Check> {
  const sample = await read(async ({ checkup, artifacts }) => {
    const ids = await checkup.someArtifacts(SAMPLE);
    return (await Promise.all(ids.map((id) => artifacts.find(id)))).filter((found) => found !== undefined);
  });
  const states = await Promise.all(sample.map((artifact) => artifactFiles.read(artifact)));
  if (sample.length === 0) return { check: 'artifacts', state: 'good', finding: 'There are none' };
  const amiss = sample.filter((_, index) => states[index]?.state !== 'intact');
  const [first] = amiss;
  const seen = `Looked at ${sample.length < SAMPLE ? '' : 'a sample of '}${sample.length}`;
  if (first === undefined) return { check: 'artifacts', state: 'good', finding: `${seen}, all intact` };
  const finding = `${seen}: ${amiss.length} missing or altered, ${first.id} for one`;
  return { check: 'artifacts', state: 'concern', finding, nextStep: VERIFY };
}

async function claims(context: Context): Promise<Check> {
  const all = await context.claims.list();
  const stuck = all.filter((claim) => !isLive(claim, context));
  const [first] = stuck;
  const live = `${all.length - stuck.length} live`;
  if (first === undefined) return { check: 'claims', state: 'good', finding: `${live}, none stuck` };
  const now = context.clock();
  const why = hasRunOut(first, now)
    ? `the lease on ${first.taskId} ran out ${duration(now - first.leaseUntil)} ago`
    : `the process that held ${first.taskId} is gone`;
  const nextStep = `orchestrator_execute_subtask with task_id ${first.taskId} takes it up again; orchestrator_get_status names all`;
  return { check: 'claims', state: 'concern', finding: `${live}, ${stuck.length} stuck: ${why}`, nextStep };
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
  finding:
    times === 0
      ? 'This process never had to wait for its turn'
      : `This process had to wait and ask again for its turn ${times} times, at most ${Math.round(longestWaitMs)} ms`,
  ...judged(longestWaitMs > LIMITS.waitMs && 'concern', 'See which servers write without a pause'),
});

type Moments = Readonly<{ last: number | undefined; at: number }>;

/** Times that run backwards make leases end too early or too late. */
function clocks({ clockShiftMs }: VitalSigns, { last, at }: Moments): Check {
  const ahead = last === undefined ? 0 : last - at;
  if (ahead > LIMITS.clockMs) {
    const finding = `An event lies ${duration(ahead)} in the future: the clock was set back since`;
    return {
      check: 'clock',
      state: 'concern',
      finding,
      nextStep: 'Have the clock set by the network; what was recorded stays as it is',
    };
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

const SIZES = [
  ['GB', 1_000_000_000],
  ['MB', 1_000_000],
] as const;

function size(bytes: number): string {
  const unit = SIZES.find(([, length]) => bytes >= length);
  if (unit === undefined) return `${Math.ceil(bytes / 1000)} kB`;
  const count = bytes / unit[1];
  return `${count.toFixed(count < 10 ? 1 : 0)} ${unit[0]}`;
}

const UNITS = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
  ['seconds', 1_000],
] as const;

function duration(ms: number): string {
  const unit = UNITS.find(([, length]) => ms >= 2 * length);
  return unit === undefined ? 'a moment' : `${Math.floor(ms / unit[1])} ${unit[0]}`;
}

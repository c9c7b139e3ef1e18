import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKS, type CheckName, LIMITS } from '../../src/domain/checkup.ts';
import { RETRIES } from '../../src/domain/retries.ts';

type Retry = Readonly<{ what: string; howOften: string; howLong: string; givesUp: string }>;

const seconds = (ms: number) => `${ms / 1_000} s`;
const { lock, copy, newId, importedId, bulk, embedding, callCounts } = RETRIES;

/** Each retry in words, its numbers being those that the program uses. */
const RETRY_ROWS: Readonly<Record<keyof typeof RETRIES, Retry>> = {
  lock: {
    what: 'Another process holds the lock of the store',
    howOften: `after ${lock.blockingMs} ms within SQLite, then after pauses of random length that double up to ${lock.longestPauseMs} ms`,
    howLong: `as long as the call may take: \`--timeout\`, ${seconds(lock.deadlineMs)} by default`,
    givesUp: '`timeout`, or `transient` with `retry_after_ms`; nothing was changed',
  },
  copy: {
    what: 'A restore that writes back, or a backup that begins, while others write without a pause',
    howOften: `a restore every ${copy.leastPauseMs} to ${copy.mostPauseMs} ms, at random; a backup as above`,
    howLong: seconds(copy.deadlineMs),
    givesUp: '`transient`; store and backup are as they were',
  },
  newId: {
    what: 'A new id that is taken already',
    howOften: `at once, ${newId.tries} draws in all`,
    howLong: 'within the transaction',
    givesUp: '`transient`; nothing was changed',
  },
  importedId: {
    what: 'An id for something imported that is taken already',
    howOften: `at once, ${importedId.tries} in all`,
    howLong: 'within the transaction',
    givesUp: '`transient`; nothing was changed',
  },
  bulk: {
    what: 'Tasks of a bulk call that are refused while others of the same call are still to be done',
    howOften: `once the others are done, as long as that helps, at most ${bulk.tries} rounds`,
    howLong: 'within the call',
    givesUp: 'the task is named among the refused ones, with its reason',
  },
  embedding: {
    what: 'The endpoint for embeddings cannot be reached, or answers with an error that is not about the text',
    howOften: `at once, ${embedding.tries} times in all`,
    howLong: `${seconds(embedding.questionMs)} for a question, ${seconds(embedding.textsMs)} for a batch of texts, for which nobody waits`,
    givesUp: 'the search goes by words alone and says why; texts are placed after a later search',
  },
  callCounts: {
    what: 'The counts of calls could not be written',
    howOften: `with the next call that writes, at most every ${seconds(callCounts.everyMs)}`,
    howLong: 'until the server ends',
    givesUp: 'they are lost, and nothing else is',
  },
};

export const retryTable = () =>
  [
    '| What is tried again | How often | How long | When it is given up |',
    '|---|---|---|---|',
    ...Object.values(RETRY_ROWS).map(
      ({ what, howOften, howLong, givesUp }) => `| ${what} | ${howOften} | ${howLong} | ${givesUp} |`,
    ),
  ].join('\n');

type Recovery = Readonly<{ when: string; outcome: string; file: string; title: string }>;

/** What brings things back in order, each beside a test that proves it. */
const RECOVERIES: readonly Recovery[] = [
  {
    when: 'A server is killed while it writes',
    outcome: 'What was acknowledged is there, what was under way is there whole or not at all; the next server goes on',
    file: 'test/faces/crash.test.ts',
    title: 'lose nothing that was acknowledged, repeat nothing, and leave a store that is sound',
  },
  {
    when: 'A reply was lost: the call is repeated with its `idempotency_key`',
    outcome: 'The first reply again, for seven days; nothing is done twice',
    file: 'test/faces/crash.test.ts',
    title: 'is given to the call that is repeated with its key: work is handed in once',
  },
  {
    when: 'The process that holds a task is gone',
    outcome:
      'Its claim counts no longer: the task goes to whoever asks for the next one, without waiting for the lease',
    file: 'test/faces/crash.test.ts',
    title: 'gives its task to whoever asks for the next one, without waiting for the lease',
  },
  {
    when: 'An agent is silent until its lease runs out',
    outcome: 'The next write that meets the task frees it, and records that',
    file: 'src/application/claims.test.ts',
    title: 'that ran out frees the task for whoever asks for the next one',
  },
  {
    when: 'A session stopped without an end',
    outcome: '`orchestrator_initialize_session` names it, what it recorded last, and the call that resumes it',
    file: 'src/application/recovery.test.ts',
    title: 'names sessions that stopped without an end, what they last recorded, and the call that resumes each',
  },
  {
    when: 'Work is handed in that is refused, for its stage or a criterion',
    outcome: 'It is kept as an artifact, which the refusal names',
    file: 'src/application/tools/complete-subtask.test.ts',
    title: 'one that is not met refuses, and the work is kept',
  },
  {
    when: 'The disk is full',
    outcome: 'The call is refused with what to free, and nothing is lost; work goes on once there is space',
    file: 'test/faces/bad-ground.test.ts',
    title: 'that is full loses nothing, and work goes on when there is space again',
  },
  {
    when: 'A commit fails, or the call after it',
    outcome: 'All of the call is there or none of it, for every tool that writes',
    file: 'test/faults.test.ts',
    title: 'leaves everything as it was when it fails once it has %s, and succeeds the next time',
  },
  {
    when: 'The database is taken away or replaced under a running server',
    outcome: 'It stops before it writes, and says why',
    file: 'test/faces/bad-ground.test.ts',
    title: 'that is taken away from under a running server is noticed before anything is written',
  },
  {
    when: 'A newer version migrates the store under a running server',
    outcome: 'The older server stops writing and says why',
    file: 'src/infrastructure/store/migrate.test.ts',
    title: 'a server whose store is migrated by a newer one stops using it and says why',
  },
  {
    when: 'A migration fails half-way',
    outcome: 'The store is as it was, and a copy of it lies in `backups/`',
    file: 'test/kept-stores.test.ts',
    title: 'is as it was when a step fails half-way',
  },
  {
    when: 'Eight servers start at once where there is no store',
    outcome: 'They make one, and each can write',
    file: 'test/faces/first-start.test.ts',
    title: 'eight servers that start at once in an empty folder make one store and lose nothing (round %i)',
  },
  {
    when: 'A maintenance is stopped by its client, the time or a kill',
    outcome: 'What it committed is kept; the same call goes on with the rest',
    file: 'src/application/maintenance/run.test.ts',
    title: 'by the time keeps what is committed, and says how far it came',
  },
  {
    when: 'A server is killed in the middle of a maintenance',
    outcome: 'It is in nobody’s way: another can be made at once',
    file: 'test/faces/crash.test.ts',
    title: 'is in the way of nobody: another can be made at once',
  },
  {
    when: 'Several servers have the same schedule of maintenance',
    outcome: 'One of them makes it, once for each time',
    file: 'test/faces/schedule.test.ts',
    title: 'two servers of a store make together one maintenance for each time, without having been called',
  },
  {
    when: 'A scheduled maintenance was missed, for the machine slept or no server ran',
    outcome: 'It is not made up; the next one does what is due by then',
    file: 'src/application/maintenance/schedule.test.ts',
    title: 'does not make up what was due while the machine slept',
  },
  {
    when: 'The clock is set back',
    outcome: 'A maintenance goes on, the schedule goes by the clock, and no time is made twice',
    file: 'src/application/maintenance/run.test.ts',
    title: 'is made once for its time, whoever comes later and however often the clock is set back',
  },
  {
    when: 'Rows disagree with each other',
    outcome:
      '`validate_structure` from `comprehensive` on, or `doctor --fix`, mends what can be mended without the loss of work',
    file: 'src/application/maintenance/mending.test.ts',
    title: 'whatever is damaged in the rows, one repair leaves a store that is sound',
  },
  {
    when: 'The row of an artifact is lost, and its file is there',
    outcome: '`validate_structure` records it again from what the file says about itself',
    file: 'src/application/maintenance/artifact-findings.test.ts',
    title: 'is recorded again from its front matter, as what it was',
  },
  {
    when: 'The database is damaged',
    outcome: '`doctor` names the backup to restore, and that restore heals it',
    file: 'test/faces/doctor.test.ts',
    title: 'of a damaged database names the backup to restore, writes nothing, and that restore heals it',
  },
  {
    when: 'A restore is killed',
    outcome: 'The store is as it was, or as it shall be',
    file: 'test/faces/backup.test.ts',
    title: 'a restore that is killed at any moment leaves the store as it was or as it shall be',
  },
  {
    when: 'A task was deleted that is still wanted',
    outcome: '`orchestrator_restore_task` brings it back from the trash, for 30 days',
    file: 'src/application/tools/restore-task.test.ts',
    title: 'a deleted task comes back to its place, and who waited for it waits again',
  },
];

/** The table of what recovers; throws where a test that it names is not there any more. */
export async function recoveryTable(root: string): Promise<string> {
  for (const { file, title } of RECOVERIES) {
    const tests = await readFile(join(root, file), 'utf8');
    if (!tests.includes(`'${title}'`))
      throw new Error(`docs/reliability.md names a test that ${file} has not: ${title}`);
  }
  return [
    '| When | Then | Proved by |',
    '|---|---|---|',
    ...RECOVERIES.map(({ when, outcome, file, title }) => `| ${when} | ${outcome} | [${title}](../${file}) |`),
  ].join('\n');
}

const megabytes = (bytes: number) => `${bytes / 1_000_000} MB`;

/** What each check looks at, and from when on it says that something should be done. */
const CHECK_ROWS: Readonly<Record<CheckName, readonly [what: string, from: string]>> = {
  database: ['how long a read takes', `over ${LIMITS.answerMs} ms`],
  writable: [
    'how long a write takes, which is rolled back',
    `over ${LIMITS.writeMs} ms; no turn within ${seconds(LIMITS.turnMs)} is bad`,
  ],
  whole: ["SQLite's quick check, of stores up to 40 MB", 'any damage is bad'],
  version: ['the schema version', ''],
  disk: [
    'free space beside the size of the database',
    `less than ${LIMITS.freeOverDatabase} times the database; less than ${megabytes(LIMITS.leastFreeBytes)} is bad`,
  ],
  wal: ['what is committed and not yet written back', `over ${megabytes(LIMITS.walBytes)}`],
  artifacts: ['a sample of artifacts against their hashes', 'one that is missing or altered'],
  claims: ['claims whose holder is gone', 'any'],
  queue: ['how long a task has been there to be taken', `over ${LIMITS.onOfferMs / 86_400_000} days`],
  retries: ['how often this server had to ask again for its turn', `one wait over ${seconds(LIMITS.waitMs)}`],
  clock: ['whether the clock was set, or events lie in the future', `by over ${seconds(LIMITS.clockMs)}`],
};

export const checkTable = () =>
  [
    '| Check | What it measures | A concern from |',
    '|---|---|---|',
    ...CHECKS.map((name) => `| \`${name}\` | ${CHECK_ROWS[name].join(' | ')} |`),
  ].join('\n');

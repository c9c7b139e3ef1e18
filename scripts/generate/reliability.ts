import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKS, type CheckName, LIMITS } from '../../src/domain/checkup.ts';
import { RETRIES } from '../../src/domain/retries.ts';
import { RECOVERIES, type Recovery } from './recoveries.ts';

type Retry = Readonly<{ what: string; howOften: string; howLong: string; givesUp: string }>;

const seconds = (ms: number) => `${ms / 1_000} s`;
const { lock, copy, newId, importedId, bulk, embedding, movedWork, searchIndex, callCounts } = RETRIES;

/** Each retry in words, its numbers being those that the program uses. */
const RETRY_ROWS: Readonly<Record<keyof typeof RETRIES, Retry>> = {
  lock: {
    what: 'Another process holds the lock of the store',
    howOften: `for the first ${lock.newcomerMs} ms every ${lock.seldomMs / 2} to ${lock.seldomMs} ms, then every ${lock.oftenMs} ms, so that who has waited goes first; after ${lock.longMs} ms as at first`,
    howLong: `as long as the call may take: \`--timeout\`, ${seconds(lock.deadlineMs)} by default; of a server that ends, ${seconds(lock.endingMs)}`,
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
  movedWork: {
    what: 'A file of work that was moved or changed while a backup copied it',
    howOften: `at once, ${movedWork.tries} times in all`,
    howLong: 'within the backup',
    givesUp: 'the backup names what it lacks',
  },
  searchIndex: {
    what: 'Changes that could not yet be made searchable, for the store is busy or the disk full',
    howOften: 'with each search',
    howLong: `${seconds(searchIndex.withinMs)} of the search; the rest follows after its reply`,
    givesUp: 'never; the search says how many changes it does not know yet',
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

/** The table of what recovers; throws where a test that it names is not there any more. */
export async function recoveryTable(root: string): Promise<string> {
  for (const { file, of, title } of RECOVERIES) {
    const tests = await readFile(join(root, file), 'utf8');
    for (const name of of === undefined ? [title] : [of, title])
      if (!tests.includes(`'${name}'`) || ['skip', 'todo'].some((not) => tests.includes(`${not}('${name}'`)))
        throw new Error(`docs/reliability.md names a test that ${file} has not: ${name}`);
  }
  return [
    '| When | Then | Proved by |',
    '|---|---|---|',
    ...RECOVERIES.map((one) => `| ${one.when} | ${one.outcome} | [${sentenceOf(one)}](../${one.file}) |`),
  ].join('\n');
}

/** What is put into a title when the test runs is left open. */
const sentenceOf = ({ of, title }: Recovery) =>
  (of === undefined ? title : `${of} ${title}`).replaceAll(/%[a-z]/g, '…');

const megabytes = (bytes: number) => `${bytes / 1_000_000} MB`;

/** What each check looks at, and from when on it says that something should be done. */
const CHECK_ROWS: Readonly<Record<CheckName, readonly [what: string, from: string]>> = {
  database: ['how long a read takes', `over ${LIMITS.answerMs} ms`],
  writable: [
    'how long a write takes that leaves everything as it was, until it is on the disk',
    `over ${LIMITS.writeMs} ms; no turn within ${seconds(LIMITS.turnMs)} is bad`,
  ],
  whole: ["SQLite's quick check, of stores up to 40 MB", 'any damage is bad'],
  version: ['the schema version', 'a store of another one is not opened'],
  disk: [
    'free space beside the size of the database and its log',
    `less than ${LIMITS.freeOverStore} times the two; less than ${megabytes(LIMITS.leastFreeBytes)} is bad`,
  ],
  wal: ['the size of the log, which SQLite writes back from 4 MB on', `over ${megabytes(LIMITS.walBytes)}`],
  artifacts: [
    'a sample of artifacts, from the first to the latest, against their hashes',
    'one that is missing or altered',
  ],
  claims: ['claims whose lease ran out, or whose process is gone', 'any'],
  queue: ['how long a task has been there to be taken', `over ${LIMITS.onOfferMs / 86_400_000} days`],
  retries: ['how often this process had to ask again for its turn', `one wait over ${seconds(LIMITS.waitMs)}`],
  clock: [
    'whether the clock was set since the process began, or one of the last thousand events lies in the future',
    `by over ${seconds(LIMITS.clockMs)}`,
  ],
};

export const checkTable = () =>
  [
    '| Check | What it measures | A concern from |',
    '|---|---|---|',
    ...CHECKS.map((name) => `| \`${name}\` | ${CHECK_ROWS[name].join(' | ')} |`),
  ].join('\n');

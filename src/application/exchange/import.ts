import type { Beforehand, Context } from '../tool.ts';
import { type Account, newAccount } from './account.ts';
import type { ExchangeSource } from './files.ts';
import { type ForeignTool, translated } from './foreign.ts';
import { begin, givingTurns, type Importing } from './importing.ts';
import { writeArtifacts, writeEdges, writeNotes, writeSessions } from './other-lines.ts';
import { findPlaces, type Mode, type Places } from './places.ts';
import type { ExchangeRecord } from './record.ts';
import { settle } from './settle.ts';
import { recordsOf, type Survey, survey } from './survey.ts';
import { writeTasks } from './task-lines.ts';
import { nameTasks, tellGone } from './telling.ts';
import { bringWorks } from './works.ts';

export type ImportRequest = Readonly<{
  from: string;
  tool: ForeignTool | undefined;
  into: Mode['into'];
  isDryRun: boolean;
}>;

/** An import that was looked through, with its artifact files written. */
export type Prepared = Readonly<{
  source: ExchangeSource;
  survey: Survey;
  mode: Mode;
  account: Account;
  /** How the names begin that another tool has for all tasks of this file, and of no other. */
  scope: string | undefined;
  /** Where everything goes; undefined where no file depends on it. */
  expected: Places | undefined;
}>;

/** Looks a file through, and writes the artifact files that come with it: all that no lock should wait for. */
export async function prepareImport(beforehand: Beforehand, request: ImportRequest): Promise<Prepared> {
  const account = newAccount();
  const { source, scope } = await sourceOf(beforehand, request, account);
  const mode: Mode = {
    into: request.into,
    compareBy: request.tool === undefined ? 'version' : 'mark',
    salt: request.into === 'fresh' ? beforehand.drawId() : '',
  };
  beforehand.report(0, 1, `reading ${source.shown}`);
  const surveyed = await survey(source, beforehand.signal);
  const prepared = { source, survey: surveyed, mode, account, scope, expected: undefined };
  if (surveyed.artifacts.size === 0) return prepared;
  const expected = await beforehand.read((context) => findPlaces(surveyed, { context, mode, isReserving: false }));
  await bringWorks(beforehand, { ...prepared, expected, isDryRun: request.isDryRun });
  return request.isDryRun ? prepared : { ...prepared, expected };
}

async function sourceOf(
  beforehand: Beforehand,
  { tool, from }: ImportRequest,
  account: Account,
): Promise<Pick<Prepared, 'source' | 'scope'>> {
  const { exchangeFiles, roles, log, clock, artifactFiles, signal } = beforehand;
  if (tool === undefined) return { source: await exchangeFiles.open(from, signal), scope: undefined };
  const project = await exchangeFiles.foreign(tool, from);
  const names = new Set((await roles.all(log)).keys());
  const { source, lost, adjusted, scope } = translated(project, {
    tool,
    shown: from,
    roles: names,
    at: clock(),
    hash: artifactFiles.hash,
  });
  for (const why of lost) account.tell('left_out', { why });
  for (const remark of adjusted) account.tell('adjusted', remark);
  return { source, scope };
}

/** Writes an import, all or nothing, and settles what follows from it. */
export async function runImport(
  context: Context,
  { source, survey: surveyed, mode, account, scope, expected }: Prepared,
): Promise<void> {
  context.report(0, surveyed.lines + 1, 'writing');
  const importing = await begin({ context, source, survey: surveyed, mode, account, expected });
  let batch: ExchangeRecord[] = [];
  let done = 0;
  const flush = async () => {
    await givingTurns(context);
    await writeLines(importing, batch);
    done += batch.length;
    batch = [];
    context.report(done, surveyed.lines + 1, `writing, ${done} of ${surveyed.lines} lines`);
  };
  for await (const { record } of recordsOf(source)) {
    if (batch.length >= LINES_AT_ONCE) await flush();
    batch.push(record);
  }
  await flush();
  await settle(importing);
  if (scope !== undefined && mode.into === 'same') await tellGone(importing, scope);
  await nameTasks(importing);
}

/** Lines that are written together: whatever names a task stands after it. */
const LINES_AT_ONCE = 1_000;

async function writeLines(importing: Importing, lines: readonly ExchangeRecord[]): Promise<void> {
  const write = async <Kind extends ExchangeRecord['kind']>(
    kind: Kind,
    writer: (importing: Importing, records: readonly Extract<ExchangeRecord, { kind: Kind }>[]) => Promise<void>,
  ) => {
    const records = ofKind(lines, kind);
    if (records.length > 0) await writer(importing, records);
  };
  await write('session', writeSessions);
  await write('task', writeTasks);
  await write('dependency', writeEdges);
  await write('artifact', writeArtifacts);
  await write('note', writeNotes);
}

function ofKind<Kind extends ExchangeRecord['kind']>(lines: readonly ExchangeRecord[], kind: Kind) {
  return lines.filter((line): line is Extract<ExchangeRecord, { kind: Kind }> => line.kind === kind);
}

/** What a dry run throws so that its transaction takes everything back. */
class Undone extends Error {}

/** Does what an import would do, and takes it back. */
export async function tryImport(beforehand: Beforehand, prepared: Prepared): Promise<void> {
  const undone = new Undone();
  try {
    await beforehand.write(async (context) => {
      await runImport(context, prepared);
      throw undone;
    });
  } catch (error) {
    if (error !== undone) throw error;
  }
}

import type { Database } from 'better-sqlite3';
import { type Diagnosis, illness } from '../application/doctor/diagnosis.ts';
import type { Processes } from '../application/ports.ts';
import { LIMITS } from '../domain/checkup.ts';
import { inShell } from '../domain/shell.ts';
import { retryBusy } from './store/retry.ts';
import { isBusy, shownName, translated } from './store/sqlite-errors.ts';

const PATIENCE = { deadlineMs: LIMITS.turnMs };

/**
 * Whether whoever wants to write comes to its turn. The lock is taken and given back, and nothing is written: a connection
 * that only looks is closed after the other one, which else would write the log back as the last.
 */
export async function writeLockOf(path: string, processes: Processes): Promise<Diagnosis> {
  const { default: Sqlite } = await import('better-sqlite3');
  const looking = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    const version = () => retryBusy(() => looking.pragma('data_version', { simple: true }), PATIENCE);
    const before = await version();
    const waitedMs = await waitedInVain(new Sqlite(path, { fileMustExist: true, timeout: 0 }));
    if (waitedMs === undefined) return { about: 'lock', state: 'fine', finding: 'whoever wants to write can' };
    if ((await version()) === before) return held(path, { waitedMs, pids: knownPids(looking, processes) });
    return {
      about: 'lock',
      state: 'note',
      finding: `others have been writing for ${waitedMs} ms without a pause`,
      mend: 'mcp-task-orchestrator doctor, in a moment; if it stays, see which servers write',
    };
  } catch (error) {
    return illness('lock', translated(error, shownName(path)), 'Repeat it in a moment');
  } finally {
    looking.close();
  }
}

/** Milliseconds after which there was still no turn. */
async function waitedInVain(writing: Database): Promise<number | undefined> {
  const began = performance.now();
  try {
    await retryBusy(() => writing.exec('begin immediate'), PATIENCE);
    writing.exec('rollback');
    return undefined;
  } catch (error) {
    if (!isBusy(error)) throw error;
    return Math.round(performance.now() - began);
  } finally {
    writing.close();
  }
}

/** Servers of this machine that have written to the store and have not ended. */
function knownPids(looking: Database, { self, isGone }: Processes): readonly number[] {
  return looking
    .prepare<[], Row>('select id, host, pid, started_at from processes order by pid')
    .all()
    .filter(({ host }) => host === self.host)
    .filter(({ started_at, ...row }) => !isGone({ ...row, startedAt: started_at ?? undefined }))
    .map(({ pid }) => pid);
}
type Row = Readonly<{ id: string; host: string; pid: number; started_at: string | null }>;

function held(path: string, { waitedMs, pids }: Readonly<{ waitedMs: number; pids: readonly number[] }>): Diagnosis {
  const known = pids.length === 0 ? '' : `; servers that are known to use it: process ${pids.join(', ')}`;
  const tells = process.platform === 'win32' ? '' : ` (lsof ${inShell(path)} names all that have it open)`;
  return {
    about: 'lock',
    state: 'ill',
    finding: `somebody has held it for the ${waitedMs} ms of this look without writing: nobody else can write${known}`,
    mend: `Find the process that hangs${tells} and end it: what it has not committed is undone, all else stays`,
  };
}

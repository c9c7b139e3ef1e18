import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Processes } from '../application/ports.ts';
import type { ProcessIdentity } from '../domain/session.ts';
import { systemCode } from './file-errors.ts';
import { drawId } from './ids.ts';

/** This process, and whether others that wrote to the store have ended. */
export function processes(): Processes {
  const self: ProcessIdentity = {
    id: `process_${drawId()}`,
    host: host(),
    pid: process.pid,
    startedAt: statusOf(process.pid)?.startedAt,
  };
  return { self, isGone: (other) => other.host === self.host && hasEnded(other) };
}

/** A pid is given again after a reboot and in another namespace, where it means another process. */
function host(): string {
  const boot = ifReadable(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = ifReadable(() => readlinkSync('/proc/self/ns/pid'));
  return [hostname(), boot, namespace].filter((part) => part !== undefined).join(' ');
}

function hasEnded({ pid, startedAt }: ProcessIdentity): boolean {
  if (!takesSignals(pid)) return true;
  const status = statusOf(pid);
  if (status === undefined) return false;
  if (status.isZombie) return true;
  return startedAt !== undefined && status.startedAt !== startedAt;
}

function takesSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Anything else, such as EPERM, says that there is a process, if not one of ours.
    return systemCode(error) !== 'ESRCH';
  }
}

/** State and time of start, fields 3 and 22 of the line; the second is a name in parentheses that may itself hold spaces and parentheses. */
function statusOf(pid: number): Readonly<{ isZombie: boolean; startedAt: string | undefined }> | undefined {
  const line = ifReadable(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (line === undefined) return undefined;
  const [state, ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return { isZombie: state === 'Z' || state === 'X', startedAt: rest[18] };
}

/** Only Linux has these files, and not everybody may read them. */
function ifReadable(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

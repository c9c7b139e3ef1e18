import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { ProcessIdentity } from '../domain/session.ts';
import { processes } from './processes.ts';

const isLinux = process.platform === 'linux';
const IDLE = 'process.stdout.write("here"); process.stdin.resume()';

async function aRunningProcess(title = 'idle'): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', `process.title = '${title}'; ${IDLE}`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

const identityOf = (pid: number, change: Partial<ProcessIdentity> = {}): ProcessIdentity => ({
  ...processes().self,
  id: 'process_00000000',
  pid,
  startedAt: undefined,
  ...change,
});

test('each server of a process has an id of its own, and the same host, pid and start', () => {
  const { id, ...first } = processes().self;
  const { id: other, ...second } = processes().self;

  expect(id).toMatch(/^process_[0-9a-z]{8}$/);
  expect(other).not.toBe(id);
  expect(second).toEqual(first);
  expect(first.pid).toBe(process.pid);
});

test('this process is not gone', () => {
  const { self, isGone } = processes();

  expect(isGone(self)).toBe(false);
});

test('a process is gone once it has ended', async () => {
  const child = await aRunningProcess();
  const identity = identityOf(child.pid ?? 0);
  const before = processes().isGone(identity);

  child.kill('SIGKILL');
  await once(child, 'exit');

  expect(before).toBe(false);
  expect(processes().isGone(identity)).toBe(true);
});

test('nothing is known of a process on another host', async () => {
  const child = await aRunningProcess();
  const identity = identityOf(child.pid ?? 0, { host: 'elsewhere' });
  child.kill('SIGKILL');
  await once(child, 'exit');

  expect(processes().isGone(identity)).toBe(false);
});

test.runIf(isLinux)('a process that was given the pid of an earlier one is not that one', () => {
  const { self, isGone } = processes();

  expect(self.startedAt).toMatch(/^\d+$/);
  expect(isGone({ ...self, startedAt: '1' })).toBe(true);
});

test.runIf(isLinux)('the start is read right whatever the program is called', async () => {
  const child = await aRunningProcess('a) S 1 (b c');
  const pid = child.pid ?? 0;

  const line = await readFile(`/proc/${pid}/stat`, 'utf8');
  const startedAt = line.replace('(a) S 1 (b c)', 'name').split(' ')[21];
  expect(line).toContain('(a) S 1 (b c)');
  expect(processes().isGone(identityOf(pid, { startedAt }))).toBe(false);
  expect(processes().isGone(identityOf(pid, { startedAt: '1' }))).toBe(true);
});

test.runIf(isLinux)('a process that has ended is gone although its parent has not asked how', async () => {
  // The shell turns into a program that never collects its children.
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec tail -f /dev/null'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [printed] = await once(parent.stdout, 'data');
  const identity = identityOf(Number(String(printed)));

  await expect.poll(() => readFile(`/proc/${identity.pid}/stat`, 'utf8')).toMatch(/\) Z /);

  expect(processes().isGone(identity)).toBe(true);
});

test.runIf(isLinux && process.getuid?.() === 0)('a process of another user is not gone', async () => {
  const child = await aRunningProcess();
  onTestFinished(() => void process.seteuid?.(0));

  process.seteuid?.(65_534);

  expect(processes().isGone(identityOf(child.pid ?? 0))).toBe(false);
});

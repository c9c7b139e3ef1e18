import { execFileSync } from 'node:child_process';
import type { TestContext } from 'vitest';

const system = (command: string, ...args: readonly string[]) => execFileSync(command, args, { stdio: 'pipe' });

/** Puts a disk of its own over a folder until the test ends; where that is not permitted there is nothing to test on. */
export function aDisk(at: string, size: string, { skip, onTestFinished }: TestContext): void {
  try {
    system('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', at);
  } catch (error) {
    skip(`no disk of its own could be mounted: ${error}`);
  }
  onTestFinished(() => void system('umount', at));
}

/** From now on nothing can be written to the disk that was put there. */
export const makeReadOnly = (at: string): void => void system('mount', '-o', 'remount,ro', at);

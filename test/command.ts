import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { MAIN } from './stdio-client.ts';

export type Ran = Readonly<{ code: number | null; stdout: string; stderr: string }>;

/** Runs a command of the published program and waits for its end. Nobody sits in front of it. */
export async function run(workspace: string, ...args: readonly string[]): Promise<Ran> {
  const process_ = spawn(process.execPath, [MAIN, ...args, '--workspace', workspace], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => process_.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(process_.stdout), text(process_.stderr), ended]);
  return { code, stdout, stderr };
}

/** The same for a program that reads it. */
export async function report<Body = Record<string, unknown>>(
  workspace: string,
  ...args: readonly string[]
): Promise<Readonly<{ code: number | null; body: Body }>> {
  const { code, stdout, stderr } = await run(workspace, ...args, '--json');
  try {
    return { code, body: JSON.parse(stdout) };
  } catch {
    throw new Error(`${args.join(' ')} ended with ${code} and said:\n${stdout}\n${stderr}`);
  }
}

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

/** Nothing of the machine's own settings, hooks or identity counts. */
const ENVIRONMENT = {
  PATH: process.env.PATH,
  GIT_CONFIG_GLOBAL: devNull,
  GIT_CONFIG_SYSTEM: devNull,
  GIT_TERMINAL_PROMPT: '0',
  GIT_EDITOR: 'true',
  GIT_AUTHOR_NAME: 'Eve',
  GIT_AUTHOR_EMAIL: 'eve@example.org',
  GIT_COMMITTER_NAME: 'Eve',
  GIT_COMMITTER_EMAIL: 'eve@example.org',
};

/** A clone whose remote has one commit on main, with `src/app.js` and a `.gitignore` that names `.env`. */
export async function aClone() {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'git-template-')));
  onTestFinished(() => rm(folder, { recursive: true }));
  const clone = join(folder, 'clone');
  const shell = async (command: string, cwd = clone) =>
    (await run('bash', ['-euo', 'pipefail', '-c', command], { cwd, env: { ...ENVIRONMENT, HOME: folder } })).stdout;
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(clone, path)), { recursive: true });
    await writeFile(join(clone, path), text);
  };
  await shell('git init -q --bare --initial-branch=main remote.git && git clone -q remote.git clone', folder);
  await shell('git switch -q --create main 2>/dev/null || true');
  await write('src/app.js', 'console.log(1)\n');
  await write('.gitignore', '.env\n');
  await shell('git add --all && git commit -q -m Start && git push -q origin main');
  return {
    folder,
    clone,
    shell,
    write,
    lines: async (command: string) => (await shell(command)).split('\n').filter((line) => line !== ''),
    /** What a command prints that is bound to fail. */
    failing: async (command: string) => shell(`{ ${command}; } 2>&1 && exit 1 || true`),
  };
}

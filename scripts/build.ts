import './node-version.ts';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import manifest from '../package.json' with { type: 'json' };
import { BUNDLED } from './bundle.ts';

/**
 * Makes `dist/`: one small file that any Node can read, and one file for each face, so that starting reads two files
 * and no package is searched for. What a face imports dynamically lies in the same file and is evaluated when it is needed.
 */
const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');

/** What `main.ts` imports, and the file that it becomes beside `main.js`. */
const FACES = { './presentation/mcp/stdio.ts': 'stdio', './presentation/cli/main.ts': 'cli' } as const;

await mkdir(DIST, { recursive: true });
const unfinished = await mkdtemp(join(DIST, '.building-'));
try {
  const [{ metafile }] = await Promise.all([buildFaces(unfinished), buildMain(unfinished)]);
  refuseEagerPackages(metafile);
  await writeFile(join(unfinished, 'LICENSES.txt'), await licences(metafile));
  await publish(unfinished);
} finally {
  await rm(unfinished, { recursive: true, force: true });
}

function buildFaces(outdir: string) {
  const entryPoints = Object.entries(FACES).map(([path, out]) => ({ in: join('src', path), out }));
  return build({ ...BUNDLED, absWorkingDir: ROOT, outdir, entryPoints });
}

/** Parsed by whatever Node there is before it can say that it wants another. */
function buildMain(outdir: string) {
  const entryPoints = [{ in: 'src/main.ts', out: 'main' }];
  const options = { bundle: true, format: 'esm', target: 'node12.20', minify: true } as const;
  return build({ ...options, absWorkingDir: ROOT, outdir, entryPoints, plugins: [facesBeside()] });
}

function facesBeside(): Plugin {
  const files = new Map<string, string>(Object.entries(FACES));
  return {
    name: 'faces lie beside main.js',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^\./ }, ({ path }) => {
        const face = files.get(path);
        return face === undefined ? undefined : { path: `./${face}.js`, external: true };
      }),
  };
}

/** A package that is not bundled and is imported at the top of a module would be loaded at every start. */
function refuseEagerPackages({ outputs }: Metafile): void {
  for (const [file, { imports }] of Object.entries(outputs)) {
    const eager = imports.find(({ kind, path }) => kind === 'import-statement' && path in manifest.dependencies);
    if (eager !== undefined) throw new Error(`${file} loads ${eager.path} when it starts; import it where it is used`);
  }
}

/** The licences of the packages whose code is in the files, as they ask for. */
async function licences({ inputs }: Metafile): Promise<string> {
  const folders = Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const texts = [...new Set(folders)].toSorted().map(async (folder) => {
    const file = (await readdir(join(ROOT, folder))).find((name) => /^licen[cs]e/i.test(name));
    if (file === undefined) throw new Error(`${folder} has no licence file`);
    return `${folder}\n\n${await readFile(join(ROOT, folder, file), 'utf8')}`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}

/** Each file comes whole or not at all, and the one that starts the others comes last: another build may be at it too. */
async function publish(folder: string): Promise<void> {
  await chmod(join(folder, 'main.js'), 0o755);
  const files = await readdir(folder);
  for (const file of files.toSorted((a, b) => Number(a === 'main.js') - Number(b === 'main.js'))) {
    await rename(join(folder, file), join(DIST, file));
  }
}

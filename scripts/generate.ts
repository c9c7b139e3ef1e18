import './node-version.ts';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toolPage, toolTable } from './generate/pages.ts';
import { type RegisteredTool, registrySource, toolListSource, toolsIn } from './generate/registry.ts';
import { rolesSource } from './generate/roles.ts';

/**
 * Makes everything that follows from the tools and the roles: `node scripts/generate.ts`.
 * With `--check` nothing is written; stale files are named, and the exit code is 1.
 */
const ROOT = join(import.meta.dirname, '..');
const PAGES = 'docs/tools';
const MARKERS = ['<!-- tools:begin -->', '<!-- tools:end -->'] as const;

/** A file as it should be; `text: undefined` for one that should not be there. */
type Generated = Readonly<{ path: string; text: string | undefined }>;

const isCheck = process.argv.includes('--check');
const tools = await toolsIn(join(ROOT, 'src/application/tools'));
const stale = [...(await settle(await codeFiles(tools))), ...(await settle(await pageFiles(tools)))];
report(stale);

/** What the program itself imports: it has to be right before the program can be run for the pages. */
async function codeFiles(tools: readonly RegisteredTool[]): Promise<readonly Generated[]> {
  return [
    { path: 'src/infrastructure/built-in-roles.generated.ts', text: await rolesSource(join(ROOT, 'roles')) },
    { path: 'src/application/tools.generated.ts', text: registrySource(tools) },
    { path: 'src/presentation/mcp/tool-list.generated.json', text: toolListSource(tools) },
  ];
}

async function pageFiles(tools: readonly RegisteredTool[]): Promise<readonly Generated[]> {
  const { runExamples } = await import('./generate/examples.ts');
  const calls = await runExamples(tools);
  const pages = tools.map((each) => ({
    path: `${PAGES}/${each.tool.name}.md`,
    text: toolPage(each, calls.get(each.tool.name) ?? []),
  }));
  return [...pages, ...(await leftOver(pages)), { path: 'README.md', text: await readmeWith(toolTable(tools)) }];
}

/** Pages of tools that are no more. */
async function leftOver(pages: readonly Generated[]): Promise<readonly Generated[]> {
  const present = await readdir(join(ROOT, PAGES)).catch(() => []);
  const wanted = new Set(pages.map(({ path }) => path));
  return present.map((file) => ({ path: `${PAGES}/${file}`, text: undefined })).filter(({ path }) => !wanted.has(path));
}

async function readmeWith(table: string): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [begin, end] = MARKERS.map((marker) => readme.indexOf(marker));
  if (begin === undefined || end === undefined || begin < 0 || end < begin) {
    throw new Error(`README.md wants the markers ${MARKERS.join(' and ')}, in this order`);
  }
  return `${readme.slice(0, begin + MARKERS[0].length)}\n${table}\n${readme.slice(end)}`;
}

/** Brings files up to date unless only looking; returns the paths of those that were not. */
async function settle(files: readonly Generated[]): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const { path, text } of files) {
    const file = join(ROOT, path);
    const present = await readFile(file, 'utf8').catch(() => undefined);
    if (present === text) continue;
    stale.push(path);
    if (isCheck) continue;
    if (text === undefined) await rm(file);
    else await write(file, text);
  }
  return stale;
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

function report(stale: readonly string[]): void {
  if (stale.length === 0) {
    console.log('Generated files are fresh.');
    return;
  }
  console.log(`${isCheck ? 'Stale' : 'Written'}:\n${stale.map((path) => `  ${path}`).join('\n')}`);
  if (!isCheck) return;
  console.log('Run "npm run generate" and commit what it writes.');
  process.exitCode = 1;
}

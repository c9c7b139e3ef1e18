import './node-version.ts';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { librarySource } from './generate/library.ts';
import { toolPage, toolTable } from './generate/pages.ts';
import { type RegisteredTool, registrySource, toolListSource, toolsIn } from './generate/registry.ts';
import { checkTable, recoveryTable, retryTable } from './generate/reliability.ts';
import { rolesPage, rolesSource } from './generate/roles.ts';
import { templateSchemaSource, templatesSource } from './generate/templates.ts';

/**
 * Makes everything that follows from the tools, the roles and the templates: `node scripts/generate.ts`.
 * With `--check` nothing is written; stale files are named, and the exit code is 1.
 */
const ROOT = join(import.meta.dirname, '..');
const PAGES = 'docs/tools';

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
    {
      path: 'src/infrastructure/built-in-templates.generated.ts',
      text: await templatesSource(join(ROOT, 'templates')),
    },
    { path: 'docs/template.schema.json', text: templateSchemaSource() },
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
  return [
    ...pages,
    ...(await leftOver(pages)),
    await pageWith('README.md', { tools: toolTable(tools) }),
    await pageWith('docs/templates.md', { library: await librarySource(join(ROOT, 'templates')) }),
    await pageWith('docs/roles.md', { roles: await rolesPage(join(ROOT, 'roles')) }),
    await pageWith('docs/reliability.md', {
      retries: retryTable(),
      recoveries: await recoveryTable(ROOT),
      checks: checkTable(),
    }),
  ];
}

/** Pages of tools that are no more. */
async function leftOver(pages: readonly Generated[]): Promise<readonly Generated[]> {
  const present = await readdir(join(ROOT, PAGES)).catch(() => []);
  const wanted = new Set(pages.map(({ path }) => path));
  return present.map((file) => ({ path: `${PAGES}/${file}`, text: undefined })).filter(({ path }) => !wanted.has(path));
}

/** A page with its generated parts, each between its markers, `<!-- name:begin -->` and `<!-- name:end -->`. */
async function pageWith(path: string, parts: Readonly<Record<string, string>>): Promise<Generated> {
  const page = await readFile(join(ROOT, path), 'utf8');
  return { path, text: Object.entries(parts).reduce((text, part) => replaced(path, text, part), page) };
}

function replaced(path: string, page: string, [name, text]: readonly [string, string]): string {
  const markers = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`] as const;
  const [begin, end] = markers.map((marker) => page.indexOf(marker));
  if (begin === undefined || end === undefined || begin < 0 || end < begin) {
    throw new Error(`${path} wants the markers ${markers.join(' and ')}, in this order`);
  }
  return `${page.slice(0, begin + markers[0].length)}\n${text}\n${page.slice(end)}`;
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

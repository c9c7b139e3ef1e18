import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Source texts by their path below src, with forward slashes. */
type Sources = ReadonlyMap<string, string>;
type Import = Readonly<{ from: string; to: string; isErased: boolean; isDynamic: boolean }>;

/** What each part of the program may see beside itself; what is not named here sees everything. */
const MAY_SEE: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  application: ['domain', 'zod'],
  infrastructure: ['domain', 'application', 'package'],
  presentation: ['domain', 'application', 'config', 'package'],
  config: ['domain', 'application', 'infrastructure', 'package'],
};
const MCP_SDK = '@modelcontextprotocol/';

/** Everything that the house forbids in these sources, each as a sentence that names the file. */
function violations(sources: Sources): readonly string[] {
  const imports = [...sources].flatMap(([path, source]) => importsIn(path, source));
  return [
    ...imports.filter((one) => !isAllowed(one)).map(({ from, to }) => `${from} must not import ${to}`),
    ...circles(sources, imports).map((path) => `${path} is in a circle of imports`),
    ...[...sources].flatMap(([path, source]) => habits(path, withoutTexts(source))),
  ];
}

/** Of a source only what is code: comments and the insides of texts could look like anything. */
const withoutComments = (source: string) =>
  source.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/(^|[^:'"`\\])\/\/.*$/gm, '$1');
const withoutTexts = (source: string) =>
  withoutComments(source).replaceAll(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''");

const STATIC = /^\s*(?:import|export)(\s+type)?\b[^'"();]*?from\s*['"]([^'"]+)['"]/gm;
const BARE = /^\s*import\s*['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]/g;

function importsIn(from: string, source: string): readonly Import[] {
  const code = withoutComments(source);
  const to = (specifier = '') => (specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : specifier);
  return [
    ...Array.from(code.matchAll(STATIC), ([, type, name]) => ({
      from,
      to: to(name),
      isErased: type !== undefined,
      isDynamic: false,
    })),
    ...Array.from(code.matchAll(BARE), ([, name]) => ({ from, to: to(name), isErased: false, isDynamic: false })),
    ...Array.from(code.matchAll(DYNAMIC), ([, name]) => ({ from, to: to(name), isErased: false, isDynamic: true })),
  ];
}

const isOurs = (to: string) => to.endsWith('.ts') || (to.endsWith('.json') && !to.startsWith('..'));
const partOf = (path: string) => path.split('/')[0]?.replace(/\.ts$/, '') ?? '';

/** A face loads the program that it is a face of when it is first asked for something. */
const loadsProgram = ({ from, to, isDynamic }: Import) =>
  partOf(from) === 'presentation' && to === 'compose.ts' && isDynamic;

function isAllowed(one: Import): boolean {
  const { from, to } = one;
  if (to.startsWith(MCP_SDK)) return from.startsWith('presentation/mcp/');
  const seen = MAY_SEE[partOf(from)];
  if (seen === undefined || loadsProgram(one)) return true;
  if (!isOurs(to)) return seen.includes('package') || seen.includes(to);
  return partOf(to) === partOf(from) || seen.includes(partOf(to));
}

/** Files that import themselves round about when they are loaded; what is erased or loaded later makes no circle. */
function circles(sources: Sources, imports: readonly Import[]): readonly string[] {
  const loaded = Map.groupBy(
    imports.filter(({ isErased, isDynamic }) => !isErased && !isDynamic),
    ({ from }) => from,
  );
  const next = (path: string) => loaded.get(path)?.map(({ to }) => to) ?? [];
  return [...sources.keys()].filter((path) => {
    const reached = new Set(next(path));
    for (const one of reached) for (const further of next(one)) reached.add(further);
    return reached.has(path);
  });
}

function habits(path: string, code: string): readonly string[] {
  const isTool = path.startsWith('application/tools/');
  const hasDefault = /^\s*export\s+default\b|\bas\s+default\b/m.test(code);
  return [
    ...(/\bconsole\b/.test(code) ? [`${path} must not use console`] : []),
    ...(hasDefault && !isTool ? [`${path} must not have a default export`] : []),
    ...(isTool && !hasDefault ? [`${path} must export its tool as default`] : []),
  ];
}

describe('the program', () => {
  const root = join(import.meta.dirname, '../src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(sep, '/'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));

  test('keeps to the arrows and habits of the house', () => {
    expect(violations(sources)).toEqual([]);
  });

  test('is read whole: every import of ours leads to a file that is there', () => {
    const imports = files.flatMap((file) => importsIn(file, sources.get(file) ?? ''));
    const lost = imports.filter(({ to }) => to.endsWith('.ts') && !sources.has(to));

    expect(imports.length).toBeGreaterThan(files.length);
    expect(lost).toEqual([]);
  });

  test('has a face, a core and a store', () => {
    expect(new Set(files.map(partOf))).toEqual(
      new Set(['application', 'compose', 'config', 'domain', 'infrastructure', 'main', 'presentation']),
    );
  });
});

describe('a planted violation is found', () => {
  const TOOL = 'export default defineTool({});';
  const planted: readonly (readonly [what: string, sources: Record<string, string>, found: string])[] = [
    [
      'domain sees application',
      { 'domain/a.ts': "import { b } from '../application/b.ts';" },
      'domain/a.ts must not import application/b.ts',
    ],
    [
      'domain sees application as a type',
      { 'domain/a.ts': "import type { B } from '../application/b.ts';" },
      'domain/a.ts must not import application/b.ts',
    ],
    [
      'domain passes on what application has',
      { 'domain/a.ts': "export { b } from '../application/b.ts';" },
      'domain/a.ts must not import application/b.ts',
    ],
    ['domain uses a package', { 'domain/a.ts': "import { z } from 'zod';" }, 'domain/a.ts must not import zod'],
    [
      'domain uses the system',
      { 'domain/a.ts': "import { readFile } from 'node:fs';" },
      'domain/a.ts must not import node:fs',
    ],
    [
      'domain loads something later',
      { 'domain/a.ts': "const a = await import('../application/b.ts');" },
      'domain/a.ts must not import application/b.ts',
    ],
    [
      'application uses the system',
      { 'application/a.ts': "import 'node:fs';" },
      'application/a.ts must not import node:fs',
    ],
    [
      'application uses another package',
      { 'application/a.ts': "import yaml from 'yaml';" },
      'application/a.ts must not import yaml',
    ],
    [
      'application sees infrastructure',
      { 'application/a.ts': "import { b } from '../infrastructure/b.ts';" },
      'application/a.ts must not import infrastructure/b.ts',
    ],
    [
      'application sees compose',
      { 'application/a.ts': "import { b } from '../compose.ts';" },
      'application/a.ts must not import compose.ts',
    ],
    [
      'infrastructure sees presentation',
      { 'infrastructure/a.ts': "import { b } from '../presentation/b.ts';" },
      'infrastructure/a.ts must not import presentation/b.ts',
    ],
    [
      'presentation sees infrastructure',
      { 'presentation/mcp/a.ts': "import {\n  b,\n  c,\n} from '../../infrastructure/b.ts';" },
      'presentation/mcp/a.ts must not import infrastructure/b.ts',
    ],
    [
      'config sees presentation',
      { 'config.ts': "import { b } from './presentation/b.ts';" },
      'config.ts must not import presentation/b.ts',
    ],
    [
      'presentation cannot do without the program',
      { 'presentation/mcp/a.ts': "import { compose } from '../../compose.ts';" },
      'presentation/mcp/a.ts must not import compose.ts',
    ],
    [
      'the SDK outside its face',
      { 'presentation/cli/a.ts': "import { Server } from '@modelcontextprotocol/server';" },
      'presentation/cli/a.ts must not import @modelcontextprotocol/server',
    ],
    [
      'the SDK where everything is seen',
      { 'main.ts': "await import('@modelcontextprotocol/server/stdio');" },
      'main.ts must not import @modelcontextprotocol/server/stdio',
    ],
    [
      'a circle',
      { 'domain/a.ts': "import { b } from './b.ts';", 'domain/b.ts': "import { a } from './a.ts';" },
      'domain/a.ts is in a circle of imports',
    ],
    [
      'a circle through three',
      {
        'domain/a.ts': "import { b } from './b.ts';",
        'domain/b.ts': "import { type C, c } from './c.ts';",
        'domain/c.ts': "export * from './a.ts';",
      },
      'domain/c.ts is in a circle of imports',
    ],
    ['console', { 'domain/a.ts': "console.log('x');" }, 'domain/a.ts must not use console'],
    [
      'console under another name',
      { 'domain/a.ts': 'const { log } = globalThis.console;' },
      'domain/a.ts must not use console',
    ],
    ['a default export', { 'domain/a.ts': 'export default 1;' }, 'domain/a.ts must not have a default export'],
    [
      'a default export by name',
      { 'domain/a.ts': 'export { a as default };' },
      'domain/a.ts must not have a default export',
    ],
    [
      'a tool without one',
      { 'application/tools/a.ts': 'export const a = 1;' },
      'application/tools/a.ts must export its tool as default',
    ],
  ];

  test.each(planted)('%s', (_, sources, found) => {
    expect(violations(new Map(Object.entries(sources)))).toContain(found);
  });

  const harmless: readonly (readonly [what: string, sources: Record<string, string>])[] = [
    [
      'compose and main see everything',
      {
        'compose.ts': "import { a } from './infrastructure/a.ts';\nimport { b } from './presentation/b.ts';",
        'main.ts': "await import('./compose.ts');",
      },
    ],
    ['a face loads the program', { 'presentation/mcp/a.ts': "await import('../../compose.ts');" }],
    [
      'a circle of types is erased',
      { 'domain/a.ts': "import type { B } from './b.ts';", 'domain/b.ts': "import { a } from './a.ts';" },
    ],
    [
      'a circle that is loaded later',
      { 'main.ts': "await import('./compose.ts');", 'compose.ts': "import { a } from './main.ts';" },
    ],
    [
      'words in comments and texts',
      {
        'domain/a.ts':
          "/** import { b } from '../application/b.ts' */\n// console.log\nconst a = 'console, export default';",
      },
    ],
    ['an address in a text', { 'domain/a.ts': "const a = 'https://example.org';" }],
    ['a tool', { 'application/tools/a.ts': `import { z } from 'zod';\n${TOOL}` }],
    ['the SDK in its face', { 'presentation/mcp/a.ts': "import { Server } from '@modelcontextprotocol/server';" }],
  ];

  test.each(harmless)('and nothing where there is none: %s', (_, sources) => {
    expect(violations(new Map(Object.entries(sources)))).toEqual([]);
  });
});

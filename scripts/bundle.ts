import type { BuildOptions, Plugin } from 'esbuild';
import manifest from '../package.json' with { type: 'json' };

/** CommonJS inside an ES module has no `require` of its own. */
const REQUIRE = "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);";

/** Modules that would be loaded at every start and are used by nobody: together a third of the file. */
const LEFT_OUT = new Map([
  // zod's error messages in fifty languages; English has an import of its own.
  ['../locales/index.js', 'export {};'],
  // The SDK's check of what a person fills into a form; ours are so simple that we look at the answer ourselves.
  [
    '@modelcontextprotocol/server/_shims',
    `export { default as process } from 'node:process';
    export class DefaultJsonSchemaValidator {
      getValidator() { throw new Error('This program was built without a JSON Schema validator'); }
    }`,
  ],
]);

/** How a program becomes one file that starts fast. Packages with native parts, or used seldom, stay outside. */
export const BUNDLED = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.14',
  minify: true,
  // Node shows the line in which an error arose.
  lineLimit: 500,
  legalComments: 'external',
  external: [...Object.keys(manifest.dependencies), ...Object.keys(manifest.optionalDependencies)],
  banner: { js: REQUIRE },
  metafile: true,
  // zod says that its files have no side effects; esbuild then forgets to evaluate those that a lazy module and an eager one share.
  ignoreAnnotations: true,
  plugins: [lazyBuiltins(), leftOut()],
} as const satisfies BuildOptions;

/** An `import` of a module of Node's reads all that it exports, the three streams of the process for one; this reads what is used. */
function lazyBuiltins(): Plugin {
  return {
    name: 'modules of Node are read as they are used',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
      onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      }));
    },
  };
}

function leftOut(): Plugin {
  return {
    name: 'what nobody uses is left out',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path }) => (LEFT_OUT.has(path) ? { path, namespace: 'left out' } : undefined));
      onLoad({ filter: /./, namespace: 'left out' }, ({ path }) => ({ contents: LEFT_OUT.get(path) ?? '' }));
    },
  };
}

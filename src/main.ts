#!/usr/bin/env node
// An old Node has to understand this file to be told about itself: no imports, and nothing newer than the check can bear.

/**
 * The SQLite driver speaks version 10 of Node's interface for native modules, and an older Node crashes on it without
 * a word. It came with 22.14 and, in the line between, with 23.6.
 */
const NATIVE_INTERFACE = 10;
const OLDEST_MAJOR = 22;

const { node, napi } = process.versions;
if (Number.parseInt(node, 10) >= OLDEST_MAJOR && Number(napi) >= NATIVE_INTERFACE) {
  start().catch(fail);
} else {
  process.stderr.write(`mcp-task-orchestrator needs Node 22.14 or later; this is ${node}.\n`);
  process.exitCode = 1;
}

async function start(): Promise<void> {
  process.getBuiltinModule('node:module').enableCompileCache();
  const [first = '--'] = process.argv.slice(2);
  const asksAboutUs = !first.startsWith('-') || process.argv.some((word) => /^(-h|-v|--help|--version)$/.test(word));
  const face = await (asksAboutUs ? import('./presentation/cli/main.ts') : import('./presentation/mcp/stdio.ts'));
  await face.start();
}

function fail(error: unknown): void {
  const isMistake = error instanceof Error && error.name === 'ConfigError';
  process.stderr.write(`${isMistake ? error.message : inFull(error)}\n`);
  process.exitCode = isMistake ? 2 : 1;
}

const inFull = (error: unknown) => (error instanceof Error ? error.stack : String(error));

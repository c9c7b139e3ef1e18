import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { build } from 'esbuild';
import { BUNDLED } from '../scripts/bundle.ts';
import { CLIENT_INFO } from '../test/json-rpc.ts';
import { MAIN, RawServer } from '../test/stdio-client.ts';

/** A server that can be started: a script and its arguments. */
export type Program = Readonly<{ script: string; args: readonly string[] }>;

/** The server as it is published, for one workspace. */
export const ours = (workspace: string, ...args: readonly string[]): Program => ({
  script: MAIN,
  args: ['--workspace', workspace, ...args],
});

/** The SDK's own server with one tool, bundled and started in the same way as ours. */
export async function bare(folder: string): Promise<Program> {
  const entryPoints = [{ in: join(import.meta.dirname, 'bare-server.ts'), out: 'server' }];
  await build({ ...BUNDLED, outdir: folder, entryPoints, outExtension: { '.js': '.mjs' } });
  const script = join(folder, 'main.mjs');
  const launch = "process.getBuiltinModule('node:module').enableCompileCache(); await import('./server.mjs');\n";
  await writeFile(script, launch);
  return { script, args: [] };
}

/** The SDK's own server with one tool that keeps what it is given in a file of its own. */
export const durable = (file: string): Program => ({
  script: join(import.meta.dirname, 'durable-server.ts'),
  args: [file],
});

/** The SDK's own server with one tool that reads a task from the database of a workspace. */
export const reading = (file: string): Program => ({
  script: join(import.meta.dirname, 'reading-server.ts'),
  args: [file],
});

/** Starts a server to speak raw JSON-RPC with it. */
export function started({ script, args }: Program): RawServer {
  return new RawServer(spawn(process.execPath, [script, ...args], { env: getDefaultEnvironment() }));
}

export type Arguments = Readonly<Record<string, unknown>>;
export type Connected = Awaited<ReturnType<typeof connected>>;

/** Starts a server and connects the SDK's client to it, which reads its log as clients do. */
export async function connected({ script, args }: Program) {
  const transport = new StdioClientTransport({ command: process.execPath, args: [script, ...args], stderr: 'pipe' });
  let complaints = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-2_000);
  });
  const client = new Client(CLIENT_INFO, { versionNegotiation: { mode: 'legacy' } });
  await client.connect(transport);
  return {
    pid: transport.pid ?? 0,
    /** Calls a tool; a refusal ends the measurement. */
    async call(name: string, args: Arguments = {}): Promise<Arguments> {
      const { structuredContent, content, isError } = await client.callTool({ name, arguments: { ...args } });
      if (isError === true) throw new Error(`${name} was refused: ${JSON.stringify(content)}\n${complaints}`);
      return isObject(structuredContent) ? structuredContent : {};
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

const isObject = (value: unknown): value is Arguments => typeof value === 'object' && value !== null;

/** A field of a reply that has to be text. */
export function textIn(reply: Arguments, field: string): string {
  const value = reply[field];
  if (typeof value !== 'string') throw new Error(`A reply has no ${field}: ${JSON.stringify(reply).slice(0, 300)}`);
  return value;
}

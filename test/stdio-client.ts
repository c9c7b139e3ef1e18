import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, type ElicitRequest, type ElicitResult } from '@modelcontextprotocol/client';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { type Called, CLIENT_INFO, called, JsonRpc, MODERN, type Params } from './json-rpc.ts';

/** The executable as it is published; `test/build.ts` makes it before the faces are tested. */
export const MAIN = join(import.meta.dirname, '../dist/main.js');

export type Launch = Readonly<{
  workspace: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The Node to run it with; ours by default. */
  node?: string;
}>;

export type Exit = Readonly<{ code: number | null; signal: NodeJS.Signals | null }>;

/** Starts the server as a client would, to speak raw JSON-RPC with it; `await using` kills it at the end. */
export function startServer({ workspace, args = [], env = {}, node = process.execPath }: Launch): RawServer {
  const process = spawn(node, [MAIN, '--workspace', workspace, ...args], {
    cwd: workspace,
    env: { ...getDefaultEnvironment(), ...env },
  });
  return new RawServer(process);
}

export class RawServer {
  readonly rpc: JsonRpc;
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcessWithoutNullStreams;
  #stderr = '';

  constructor(process: ChildProcessWithoutNullStreams) {
    this.#process = process;
    this.exited = once(process, 'exit').then(([code, signal]) => ({ code, signal }));
    const gone = this.exited.then(({ code, signal }) => {
      throw new Error(`The server ended (${code ?? signal}):\n${this.#stderr}`);
    });
    const rpc = new JsonRpc({ write: (text) => process.stdin.write(text), gone });
    this.rpc = rpc;
    process.stdin.on('error', () => undefined);
    process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    createInterface({ input: process.stdout }).on('line', (line) => rpc.receive(line));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** All that it wrote to stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Closes stdin, as a client does that is done, and waits for the end. */
  end(): Promise<Exit> {
    this.#process.stdin.end();
    return this.exited;
  }

  /** Stops reading what the server writes, as a client does that died. */
  closeStdout(): void {
    this.#process.stdout.destroy();
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.#process.kill(signal);
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

export type Era = 'legacy' | 'modern';
/** Answers a form as a person would; `signal` aborts when it is taken back. */
export type AnsweringPerson = (
  form: ElicitRequest['params'],
  asking: Readonly<{ signal: AbortSignal }>,
) => Promise<ElicitResult>;

/** Starts the server and connects the SDK's own client to it; `await using` closes it at the end. */
export async function connectClient({
  workspace,
  args = [],
  env = {},
  node = process.execPath,
  era = 'legacy',
  person,
}: Launch & Readonly<{ era?: Era; person?: AnsweringPerson }>) {
  const transport = new StdioClientTransport({
    command: node,
    args: [MAIN, '--workspace', workspace, ...args],
    cwd: workspace,
    env: { ...getDefaultEnvironment(), ...env },
    stderr: 'pipe',
  });
  let stderr = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const mode = era === 'modern' ? { pin: MODERN } : 'legacy';
  const capabilities = person === undefined ? {} : { elicitation: { form: {} } };
  const client = new Client(CLIENT_INFO, { versionNegotiation: { mode }, capabilities });
  if (person !== undefined)
    client.setRequestHandler('elicitation/create', ({ params }, { mcpReq }) => person(params, mcpReq));
  await client.connect(transport);
  return {
    client,
    /** All that the server wrote to stderr so far. */
    stderr: () => stderr,
    pid: () => transport.pid ?? 0,
    /** Calls a tool; `body` is its reply or its refusal. After `client.listTools()` replies are checked against their output schemas. */
    call: async <Body = Record<string, unknown>>(name: string, args: Params = {}): Promise<Called<Body>> =>
      called<Body>(await client.callTool({ name, arguments: { ...args } })),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

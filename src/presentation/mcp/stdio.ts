import { homedir } from 'node:os';
import type { Config } from '../../config.ts';
import { connect } from './connection.ts';
import type { Opened } from './open.ts';
import { listedTools } from './tool-list.ts';

/** A client that has closed stdin kills what is still there a second or two later: by then we are gone. */
const END_WITHIN_MS = 800;

type Composition = Opened & AsyncDisposable;

/** Serves over standard input and output, as the command line says. */
export async function start(): Promise<void> {
  const { readConfig } = await import('../../config.ts');
  const invocation = await readConfig({ argv: process.argv.slice(2), env: process.env, home: homedir() });
  if (invocation.command === 'serve') await serve(invocation.config);
}

/** Serves one client until it closes the connection or the system asks us to end. Only the transport writes to stdout. */
export async function serve(config: Config): Promise<void> {
  let composition: Promise<Composition> | undefined;
  const open = () => {
    composition ??= import('../../compose.ts').then(({ composeServer }) => composeServer(config));
    return composition;
  };
  const { stdin, stdout } = process;
  const connection = connect({
    stdin,
    stdout,
    open,
    tools: listedTools(config),
    onError: (error) => note(error, open),
  });
  endWith(connection, open);
  // A schedule waits for no call. What is wrong is told at the first one.
  if (config.maintenanceSchedule !== undefined) open().catch(() => undefined);
  await connection.closed;
  setTimeout(() => process.exit(), END_WITHIN_MS).unref();
  await (await composition)?.[Symbol.asyncDispose]();
}

/** Ends the connection in order when the system or an error of ours demands it. A second signal ends the process at once. */
function endWith({ close }: Readonly<{ close(): Promise<void> }>, open: () => Promise<Opened>): void {
  process.once('SIGTERM', close);
  process.once('SIGINT', close);
  process.once('uncaughtException', (error) => {
    process.exitCode = 1;
    open()
      .then(({ log }) => log.error({ err: error }, 'An error that nobody caught'))
      .then(close)
      .catch(() => process.exit());
  });
  // Whoever reads the log may stop doing so; that is no reason to stop working.
  process.stderr.on('error', () => undefined);
}

/** What went wrong with the connection or with a message. A client that no longer reads is how a connection usually ends. */
function note(error: Error, open: () => Promise<Opened>): void {
  if ('code' in error && error.code === 'EPIPE') return;
  open()
    .then(({ log }) => log.warn({ err: error }, 'A message could not be read or answered'))
    .catch(() => undefined);
}

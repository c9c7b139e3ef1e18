import type { Readable, Writable } from 'node:stream';
import type { Server, Tool } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { ListeningTransport } from './listening.ts';
import type { Open } from './open.ts';
import { createServer } from './server.ts';
import { Subscriptions } from './subscriptions.ts';

/** A larger line ends the connection; the largest argument that a tool takes, with room for JSON's escapes, is a quarter of it. */
const LONGEST_LINE_BYTES = 64 * 1024 * 1024;

export type ConnectionParts = Readonly<{
  stdin: Readable;
  stdout: Writable;
  open: Open;
  tools: readonly Tool[];
  onError(error: Error): void;
}>;

/** `closed` resolves when either side has closed it; by then the calls in flight are aborted. */
export type Connection = Readonly<{ closed: Promise<void>; close(): Promise<void> }>;

/** Serves one client over a pair of streams, whichever era it opens with. */
export function connect({ stdin, stdout, open, tools, onError }: ConnectionParts): Connection {
  let server: Server | undefined;
  const subscriptions = new Subscriptions({ open, tell: async (uri) => server?.sendResourceUpdated({ uri }) });
  const wire = new StdioServerTransport(stdin, stdout, { maxBufferSize: LONGEST_LINE_BYTES });
  const transport = new ListeningTransport(wire, subscriptions);
  const factory = () => {
    server = createServer({ open, tools, subscriptions });
    return server;
  };
  const handle = serveStdio(factory, { transport, onerror: onError });
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const passOn = transport.onclose;
  transport.onclose = () => {
    passOn?.();
    subscriptions.close();
    resolve();
  };
  return { closed, close: () => handle.close() };
}

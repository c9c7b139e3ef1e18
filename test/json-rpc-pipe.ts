import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import type { Tool } from '@modelcontextprotocol/server';
import type { Context } from '../src/application/tool.ts';
import type { Event } from '../src/domain/event.ts';
import { connect } from '../src/presentation/mcp/connection.ts';
import type { Opened } from '../src/presentation/mcp/open.ts';
import { JsonRpc } from './json-rpc.ts';

type Orchestrator = Opened['orchestrator'];
type Logged = Readonly<{ level: string; details: Readonly<Record<string, unknown>>; message: string }>;
type Fake = Partial<Omit<Orchestrator, 'watch'>> & Readonly<{ tools?: readonly Tool[]; context?: Partial<Context> }>;

/** The protocol alone: a connection over pipes to an orchestrator that answers as the test says. */
export function pipeTo({ tools = [], context = {}, ...answers }: Fake) {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  // A test gives only the parts of a context that it has need of.
  const given: Context = Object.create(context);
  const watchers = new Set<(events: readonly Event[]) => void>();
  const logged: Logged[] = [];
  const at = (level: string) => (details: Readonly<Record<string, unknown>>, message: string) => {
    logged.push({ level, details, message });
  };
  const orchestrator: Orchestrator = {
    knows: () => true,
    names: () => [],
    call: async () => ({}),
    read: (work) => work(given),
    readIfThere: (work) => work(given),
    ...answers,
    watch: (tell) => {
      watchers.add(tell);
      return () => watchers.delete(tell);
    },
  };
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const connection = connect({
    stdin,
    stdout,
    tools,
    open: async () => ({ orchestrator, log }),
    onError: (error) => at('error')({ err: error }, error.message),
  });
  const gone = connection.closed.then(() => Promise.reject(new Error('The connection was closed')));
  const rpc = new JsonRpc({ write: (text) => stdin.write(text), gone });
  createInterface({ input: stdout }).on('line', (line) => rpc.receive(line));
  return {
    rpc,
    logged,
    connection,
    stdin,
    /** How many are watching the store. */
    watching: () => watchers.size,
    /** Commits events, as far as the watchers can tell. */
    commit: (events: readonly Partial<Event>[]) => {
      const whole = events.map((event) => ({
        seq: 1,
        at: 0,
        sessionId: 'session_00000000',
        type: 'task.updated' as const,
        ...event,
      }));
      for (const tell of watchers) tell(whole);
    },
  };
}

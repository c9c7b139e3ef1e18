import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import Sqlite from 'better-sqlite3';
import { z } from 'zod';

/**
 * The least that a server made with the SDK can be that answers with a task as it stands at one moment: its row, its
 * session, its claim and its edges, as an object with a schema.
 * Usage: node bench/reading-server.ts <database of a workspace>
 */
const database = new Sqlite(process.argv[2] ?? '', { readonly: true });
const [begin, commit] = [database.prepare('begin'), database.prepare('commit')];
const find = database.prepare<[string], Row>('select * from tasks where id = ?');
const session = database.prepare<[unknown], Row>('select * from sessions where id = ?');
const claim = database.prepare<[string], Row>('select * from claims where task_id = ?');
const edges = database.prepare<[string], Row>('select * from dependencies where task_id = ?');

type Row = Readonly<Record<string, unknown>>;

serveStdio(() => {
  const server = new McpServer({ name: 'reading', version: '0' });
  const about = {
    description: 'Gives a task',
    inputSchema: z.strictObject({ task_id: z.string() }),
    outputSchema: z.looseObject({ id: z.string(), title: z.string(), stage: z.string() }),
  };
  server.registerTool('get', about, ({ task_id }) => {
    begin.run();
    const task = find.get(task_id);
    const around = { session: session.get(task?.session_id), claim: claim.get(task_id), edges: edges.all(task_id) };
    commit.run();
    const said = Object.entries({ ...task, ...around }).filter(([, value]) => value !== null && value !== undefined);
    const reply = Object.fromEntries(said);
    return { content: [{ type: 'text', text: JSON.stringify(reply) }], structuredContent: reply };
  });
  return server;
});

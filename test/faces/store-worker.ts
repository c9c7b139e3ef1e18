import { once } from 'node:events';
import { join } from 'node:path';
import { newTask } from '../../src/domain/task.ts';
import { openStore } from '../../src/infrastructure/store/open.ts';
import type { Faults } from '../../src/infrastructure/store/sql-store.ts';

/**
 * A server in a process of its own: says `ready`, waits for a line, opens the store, and writes tasks one after another,
 * saying the id of each once it is acknowledged. `KILLED_AT` is the point of its third write at which it is killed.
 */
const [folder = '', name = '', count = ''] = process.argv.slice(2);
const say = (line: string) => new Promise((resolve) => process.stdout.write(`${line}\n`, resolve));

await say('ready');
await once(process.stdin, 'data');

const { KILLED_AT: killedAt } = process.env;
let begun = 0;
const faults: Faults = (point) => {
  if (point === 'begun') begun++;
  if (begun === 3 && point === killedAt) process.kill(process.pid, 'SIGKILL');
};
const store = await openStore({ path: join(folder, 'store.db'), synchronous: 'full', backups: folder, faults });
for (let index = 0; index < Number(count); index++) {
  const task = newTask({ id: `${name}_${index}`, type: 'custom', title: 'T', sessionId: name, createdAt: index });
  await store.write(async ({ tasks, events }) => {
    await tasks.insert([task]);
    await events.append([{ type: 'task.created', taskId: task.id }], { sessionId: name, at: index });
  });
  await say(task.id);
}
await store.close();
process.stdin.destroy();

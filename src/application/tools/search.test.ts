import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { directly } from '../../../test/directly.ts';
import {
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  type TestOrchestrator,
} from '../../../test/harness.ts';
import { tokensOf } from '../../domain/budget.ts';
import { readQuery } from '../../domain/search.ts';

type Server = Pick<TestOrchestrator, 'call'>;

const search = ({ call }: Server, query: string, more: Body = {}) => call('search', { query, ...more });
/** What is found, as `kind task_id`; it is all there is. */
const found = async (server: Server, query: string) => {
  const { results, total } = await search(server, query);
  expect(results).toHaveLength(total);
  return results.map(({ kind, task_id }: Body) => `${kind} ${task_id ?? '-'}`);
};

/** A completed task whose work says so, and its artifact. */
async function aDoneTask(server: TestOrchestrator, title: string, work: string) {
  const id = await aGenericTask(server, title);
  const { artifact_info } = await server.call('complete_subtask', completion(id, { detailed_work: work }));
  return { id, artifactId: String(artifact_info.artifact_id) };
}

describe('a search', () => {
  test('finds a task by its title, description, context, criteria and attributes', async () => {
    await using given = await anOrchestrator();
    const { id } = await aPlan(given, [
      aSubtask('Pelican'),
      aSubtask('B', [], { description: 'Feed the ostrich' }),
      aSubtask('C', [], { acceptance_criteria: ['The heron is fed'] }),
      aSubtask('D', [], { attributes: { birds: [{ name: 'flamingo', legs: 22 }] } }),
    ]);
    const plan = await aPlan(given, [aSubtask('E')], { context: 'All about the cormorant' });

    expect(await found(given, 'pelican')).toEqual([`task ${id('Pelican')}`]);
    expect(await found(given, 'ostrich')).toEqual([`task ${id('B')}`]);
    expect(await found(given, 'heron')).toEqual([`task ${id('C')}`]);
    expect(await found(given, 'flamingo 22')).toEqual([`task ${id('D')}`]);
    expect(await found(given, 'cormorant')).toEqual([`task ${plan.planId}`]);
  });

  test('finds notes, also those on the workspace', async () => {
    await using given = await anOrchestrator();
    const id = await aGenericTask(given, 'Some task');
    await given.call('add_note', { task_id: id, kind: 'decision', text: 'One queue per host' });
    await given.call('add_note', { kind: 'risk', text: 'The queue may grow' });

    const { results } = await search(given, 'queue', { kind: 'note' });

    expect(results).toHaveLength(2);
    expect(results).toContainEqual({
      kind: 'note',
      task_id: id,
      title: 'Some task',
      status: 'pending',
      note_kind: 'decision',
      snippet: 'One «queue» per host',
    });
    expect(results).toContainEqual({ kind: 'note', note_kind: 'risk', snippet: 'The «queue» may grow' });
  });

  test('finds artifacts by their summary, their work and the files they touched', async () => {
    await using given = await anOrchestrator();
    const id = await aGenericTask(given, 'Some task');
    const { artifact_info } = await given.call(
      'complete_subtask',
      completion(id, {
        summary: 'Wrote the reader',
        detailed_work: `${'Long before it.\n'.repeat(100)}export function parseHTTPHeader() {}`,
        file_paths: ['src/net/header_reader.ts'],
      }),
    );

    const [byWork] = (await search(given, 'http header')).results;

    expect(byWork).toEqual({
      kind: 'artifact',
      task_id: id,
      title: 'Some task',
      status: 'completed',
      artifact_id: artifact_info.artifact_id,
      snippet: '…it. Long before it. export function «parseHTTPHeader»() {}',
    });
    expect(await found(given, 'wrote reader')).toEqual([`artifact ${id}`]);
    expect(await found(given, 'header_reader.ts')).toEqual([`artifact ${id}`]);
  });

  test('puts a task that has the word in its title before those that mention it', async () => {
    await using given = await anOrchestrator();
    const mention = { attributes: { title: 'Other', description: 'Mind the queue, the queue and the queue' } };
    const mentions = await aGenericTask(given, 'Other', mention);
    const titled = await aGenericTask(given, 'The queue');

    expect(await found(given, 'queue')).toEqual([`task ${titled}`, `task ${mentions}`]);
  });

  test('begins no session and says nothing but what it found', async () => {
    await using given = await anOrchestrator();

    const reply = await search(given, 'queue');

    expect(reply).toEqual({ results: [], total: 0 });
    expect(await given.orchestrator.read(({ events }) => events.latest())).toBe(0);
  });

  test('names the word that was probably meant where nothing is found', async () => {
    await using given = await anOrchestrator();
    await aGenericTask(given, 'Authentication of users');

    expect(await search(given, 'authentcation users')).toMatchObject({ total: 0, did_you_mean: ['authentication'] });
  });

  test('says that words of the query languages of others are words here, where nothing is found', async () => {
    await using given = await anOrchestrator();
    await aGenericTask(given, 'The dark mode');

    const hinted = await search(given, 'dark AND mode');
    const quoted = await search(given, '"dark AND mode"');
    const found = await search(given, 'dark mode');

    expect(hinted).toMatchObject({ total: 0, hint: expect.stringContaining('all words are needed anyway') });
    expect(quoted).not.toHaveProperty('hint');
    expect(found).not.toHaveProperty('hint');
  });

  test('tells how many there are beyond the limit', async () => {
    await using given = await anOrchestrator();
    for (let turn = 0; turn < 12; turn++) await aGenericTask(given, `Queue ${turn}`);

    const [ten, three] = [await search(given, 'queue'), await search(given, 'queue', { limit: 3 })];

    expect(ten).toMatchObject({ results: { length: 10 }, total: 12 });
    expect(three).toMatchObject({ results: { length: 3 }, total: 12 });
  });

  test('stays within its budget', async () => {
    await using given = await anOrchestrator();
    const description = `queue ${'漢字'.repeat(500)}`;
    for (let turn = 0; turn < 30; turn++) {
      await aGenericTask(given, '漢'.repeat(400), { attributes: { title: '漢'.repeat(400), description } });
    }

    const reply = await search(given, 'queue', { limit: 50, budget_tokens: 2_000 });

    expect(tokensOf(reply)).toBeLessThanOrEqual(2_000);
    expect(reply.truncated.omitted).toBe(30 - reply.results.length);
  });

  test.each([
    ['', 'query holds no word to search for'],
    ['***', 'query holds no word to search for'],
    ['-queue', 'query says only what must not be found'],
  ])('refuses %j, which asks for nothing', async (query, error) => {
    await using given = await anOrchestrator();

    expect(await given.refused('search', { query })).toMatchObject({ code: 'invalid', error, parameter: 'query' });
  });

  test('refuses a limit that it does not keep to', async () => {
    await using given = await anOrchestrator();

    for (const limit of [0, -1, 51, 1.5]) {
      expect(await given.refused('search', { query: 'a', limit })).toMatchObject({
        code: 'invalid',
        parameter: 'limit',
      });
    }
  });

  test('takes any text, and no text is a query of another language', async () => {
    await using given = await anOrchestrator();
    const id = await aGenericTask(given, 'Rows OR columns NEAR the top');
    const hostile = [
      '" OR 1=1 --',
      'NEAR(',
      '*',
      '^',
      'title : x',
      '{title} : rows',
      "'; drop table tasks; --",
      '"""',
      '🚀 שלום',
    ];

    for (const query of hostile) {
      await given.orchestrator.call('orchestrator_search', { query }).catch(({ code }) => expect(code).toBe('invalid'));
    }
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), async (text) => {
        const outcome = await given.orchestrator
          .call('orchestrator_search', { query: `x${text}` })
          .catch(({ code }) => code);
        if (typeof outcome === 'string') expect(outcome).toBe('invalid');
      }),
      { numRuns: 200 },
    );

    expect(await found(given, 'rows OR columns NEAR')).toEqual([`task ${id}`]);
    expect(await found(given, 'rows AND columns')).toEqual([]);
  });
});

describe('what is found', () => {
  test('follows what a task says', async () => {
    await using given = await anOrchestrator();
    const id = await aGenericTask(given, 'Old name');
    expect(await found(given, 'old')).toEqual([`task ${id}`]);

    await given.call('update_task', { task_id: id, title: 'New name' });

    expect(await found(given, 'old')).toEqual([]);
    expect(await found(given, 'new')).toEqual([`task ${id}`]);
  });

  test('is no deleted task nor what hung on it, and both once it is restored', async () => {
    await using given = await anOrchestrator();
    const { id } = await aDoneTask(given, 'Feed the heron', 'The heron was fed');
    await given.call('add_note', { task_id: id, text: 'A heron is shy' });
    const all = [`artifact ${id}`, `note ${id}`, `task ${id}`];
    expect((await found(given, 'heron')).sort()).toEqual(all);

    await given.call('delete_task', { task_id: id });
    expect(await found(given, 'heron')).toEqual([]);

    await given.call('restore_task', { task_id: id });
    expect((await found(given, 'heron')).sort()).toEqual(all);
  });

  test('is nothing of a task that was purged, and nothing of it stays in the index', async () => {
    await using given = await anOrchestrator();
    const { id } = await aDoneTask(given, 'Feed the heron', 'The heron was fed');
    await given.call('add_note', { task_id: id, text: 'A heron is shy' });
    await found(given, 'heron');

    await given.call('delete_task', { task_id: id });
    await given.call('delete_task', { task_id: id, permanent: true });

    expect(await search(given, 'heron')).toMatchObject({ results: [], total: 0 });
    expect(await given.orchestrator.read((context) => context.search.wordsLike('heron', 10))).toEqual([]);
  });

  test('is no work that was given up with its task', async () => {
    await using given = await anOrchestrator();
    const id = await aGenericTask(given, 'Feed it');
    const work = completion(id, { detailed_work: 'The heron was fed', next_action: 'needs_revision' });
    await given.call('complete_subtask', work);
    expect(await found(given, 'heron')).toEqual([`artifact ${id}`]);

    await given.call('cancel_task', { task_id: id, reason: 'Not wanted', preserve_work: false });

    expect(await found(given, 'heron')).toEqual([]);
  });

  test('is the summary alone where the file of the work is gone', async () => {
    await using given = await anOrchestrator();
    const { id } = await aDoneTask(given, 'Feed it', 'The heron was fed');
    rmSync(join(given.workspace, '.task_orchestrator/artifacts', id), { recursive: true });

    expect(await found(given, 'heron')).toEqual([]);
    expect(await search(given, 'done', { kind: 'artifact' })).toMatchObject({ results: [{ snippet: '«Done»' }] });
  });

  test('is shown as far as it is there still', async () => {
    await using given = await anOrchestrator();
    const { id, artifactId } = await aDoneTask(given, 'Feed it', 'The heron was fed');
    await found(given, 'heron');
    const file = join(given.workspace, '.task_orchestrator/artifacts', id, `${artifactId}.md`);
    writeFileSync(file, readFileSync(file, 'utf8').replace('heron', 'bird'));

    expect((await search(given, 'heron')).results).toMatchObject([{ artifact_id: artifactId, snippet: 'Done' }]);
  });

  test('is what another server of the store has written, whoever indexed it', async () => {
    await using one = await anOrchestrator();
    await using other = await anOrchestrator({ workspace: one.workspace });
    const first = await aGenericTask(one, 'Heron one');
    expect(await found(other, 'heron')).toEqual([`task ${first}`]);
    const second = await aGenericTask(other, 'Heron two');

    const both = await Promise.all([one, other, one, other].map((server) => found(server, 'heron')));

    for (const tasks of both) expect(tasks.sort()).toEqual([`task ${first}`, `task ${second}`].sort());
  });
});

describe('a search that has much to take in first', () => {
  /** Work of more than one transaction of the index. */
  const LONG = 'word '.repeat(52_000);

  test('finds what was deleted and restored while other things were written', async () => {
    await using given = await anOrchestrator();
    const id = await aGenericTask(given, 'Heron');
    await given.call('add_note', { task_id: id, text: 'A heron is shy' });
    for (let turn = 0; turn < 5; turn++) await aDoneTask(given, 'Other', LONG);
    await given.call('delete_task', { task_id: id });
    await given.call('restore_task', { task_id: id });

    expect((await found(given, 'heron')).sort()).toEqual([`note ${id}`, `task ${id}`]);
  });

  test('answers with what there is after two seconds, says so, and goes on after its reply', async () => {
    let now = Date.UTC(2026, 0, 1);
    // Each look at this clock is three seconds later.
    await using slow = await anOrchestrator({ clock: () => (now += 3_000) });
    for (let turn = 0; turn < 10; turn++) await aDoneTask(slow, `Heron ${turn}`, LONG);

    const first = await search(slow, 'heron', { kind: 'task' });
    await using beside = await directly({ workspace: slow.workspace });
    const asked = { kind: 'task', limit: 1 } as const;
    await vi.waitUntil(() =>
      beside.read(async (context) => (await context.search.find(readQuery('heron'), asked)).total === 10),
    );

    expect(first.not_yet_searchable).toBeGreaterThan(0);
    expect(first.total).toBeLessThan(10);
    expect(await search(slow, 'heron', { kind: 'task' })).toMatchObject({ total: 10 });
  });

  test('answers although somebody else holds the store', async () => {
    await using given = await anOrchestrator();
    const id = await aGenericTask(given, 'Heron one');
    await found(given, 'heron');
    await aGenericTask(given, 'Heron two');
    const other = new Sqlite(join(given.workspace, '.task_orchestrator/task_orchestrator.db'));
    other.exec('begin immediate');

    const reply = await search(given, 'heron');
    other.close();

    expect(reply).toMatchObject({ results: [{ task_id: id }], total: 1, not_yet_searchable: 1 });
  });
});

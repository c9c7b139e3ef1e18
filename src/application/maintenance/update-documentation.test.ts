import { mkdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { damage } from '../../../test/damage.ts';
import { aPlan, aSubtask, type Body, completion, HOUR, type TestOrchestrator } from '../../../test/harness.ts';
import { aServer, moved } from '../../../test/maintenance.ts';

const update = (server: TestOrchestrator, more: Body = {}): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'update_documentation', scope: 'full_project', ...more });

type Plan = Awaited<ReturnType<typeof aPlan>>;

const INDEX = '.task_orchestrator/docs/index.md';
const pageOf = (planId: string) => `.task_orchestrator/docs/plans/${planId}.md`;

const textOf = ({ workspace }: TestOrchestrator, path: string) => readFile(join(workspace, path), 'utf8');
const isThere = (server: TestOrchestrator, path: string) =>
  textOf(server, path).then(
    () => true,
    () => false,
  );

const resultsOf = (reply: Body) => Object.fromEntries(reply.files.map(({ path, result }: Body) => [path, result]));

describe('the pages', () => {
  test('are an index and a page a plan, worth reading', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('Design <it>'), aSubtask('Build', ['Design <it>'])], {
      description: 'A goal\n\nFor *everybody*',
    });
    const inner = await aPlan(server, [aSubtask('Inner')], { parent_task_id: plan.id('Build') });
    const done = await server.call(
      'complete_subtask',
      completion(plan.id('Design <it>'), { summary: 'Drawn [up]', artifact_type: 'design' }),
    );
    await server.call('add_note', { task_id: plan.id('Build'), kind: 'decision', text: 'One queue\nper host' });
    await server.call('add_note', { kind: 'risk', text: 'The disk is small' });

    const reply = await update(server);

    expect(resultsOf(reply)).toEqual({ [pageOf(plan.planId)]: 'created', [INDEX]: 'created' });
    expect(reply.recommendations).toEqual([]);
    const page = await textOf(server, pageOf(plan.planId));
    expect(page).toContain('# A goal\n');
    expect(page).toContain('> For \\*everybody\\*');
    expect(page).toContain(`\`${plan.planId}\` · active · 1 of 2 completed (50%) · since 2026-01-01`);
    expect(page).toContain(`- [x] Design \\<it\\> (\`${plan.id('Design <it>')}\`) · implementer, completed`);
    expect(page).toContain(`    - [ ] Inner (\`${inner.id('Inner')}\`) · implementer, ready`);
    expect(page).toMatch(/```mermaid\nflowchart TD\n/);
    expect(page).toContain(`## Decisions\n\n- One queue per host (Build, \`${plan.id('Build')}\`)`);
    expect(page).toContain(
      `- [Drawn \\[up\\]](../../artifacts/${plan.id('Design <it>')}/${done.artifact_info.artifact_id}.md) · design`,
    );
    const index = await textOf(server, INDEX);
    expect(index).toContain(`## Open\n\n- [A goal](plans/${plan.planId}.md) · active · 1 of 2 completed (50%)`);
    expect(index).toContain('## Risks\n\n- The disk is small');
  });

  test('link to artifacts that are where the link says', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await server.call('complete_subtask', completion(plan.id('A')));
    await update(server);

    const [, link = ''] = /\]\((\.\.\/[^)]+)\)/.exec(await textOf(server, pageOf(plan.planId))) ?? [];

    expect(await textOf(server, join(dirname(pageOf(plan.planId)), link))).toContain('All of it');
  });

  test('say nothing new when nothing changed, however much later', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B')]);
    await update(server);
    const before = await textOf(server, pageOf(plan.planId));
    clock.advance(100 * HOUR);

    const reply = await update(server);

    expect(resultsOf(reply)).toEqual({ [pageOf(plan.planId)]: 'unchanged', [INDEX]: 'unchanged' });
    expect(await textOf(server, pageOf(plan.planId))).toBe(before);
  });

  test('follow what changed', async () => {
    await using given = await aServer();
    const { server } = given;
    const [one, other] = [await aPlan(server, [aSubtask('A')]), await aPlan(server, [aSubtask('A')])];
    await update(server);
    await server.call('complete_subtask', completion(one.id('A')));

    const reply = await update(server);

    expect(resultsOf(reply)).toEqual({
      [pageOf(one.planId)]: 'updated',
      [pageOf(other.planId)]: 'unchanged',
      [INDEX]: 'updated',
    });
    expect(reply.files.at(-1)).toMatchObject({ result: 'unchanged' });
  });

  test('tell what comes first first', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('Third', ['Second']), aSubtask('Second', ['First']), aSubtask('First')]);

    await update(server);

    const titles = [...(await textOf(server, pageOf(plan.planId))).matchAll(/- \[ \] (\w+)/g)].map(
      ([, title]) => title,
    );
    expect(titles).toEqual(['First', 'Second', 'Third']);
  });

  test('say of each open task what it waits for or is stuck behind, and of an ended plan when it was', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const outside = await aPlan(server, [aSubtask('Outside')]);
    const plan = await aPlan(server, [
      aSubtask('First'),
      aSubtask('Failing'),
      aSubtask('Last', ['First', 'Failing', outside.id('Outside')]),
    ]);
    await server.call('cancel_task', { task_id: plan.id('Failing'), reason: 'Not wanted' });
    const [single] = [await aPlan(server, [aSubtask('Only')], { description: 'Short' })];
    await server.call('complete_subtask', completion(single.id('Only')));
    clock.advance(50 * HOUR);
    await server.call('synthesize_results', { parent_task_id: single.planId });

    await update(server);

    const page = await textOf(server, pageOf(plan.planId));
    const waits = `, waits for First, \`${outside.id('Outside')}\`, stuck behind Failing\n`;
    expect(page).toContain(`- [ ] Last (\`${plan.id('Last')}\`) · implementer, ready${waits}`);
    expect(page).toContain(`- [ ] First (\`${plan.id('First')}\`) · implementer, ready\n`);
    expect(await textOf(server, pageOf(single.planId))).toContain('1 of 1 completed (100%) · 2026-01-01 to 2026-01-03');
  });

  test('a plan that nobody could read as a drawing has none', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(
      server,
      Array.from({ length: 200 }, (_, place) => aSubtask(`Task ${place}`)),
    );

    await update(server);

    expect(await textOf(server, pageOf(plan.planId))).toContain('Left out: 200 tasks are too many to draw.');
  });

  test.each([
    [
      'more arrows than Mermaid draws',
      (place: number) =>
        aSubtask(
          `Task ${place}`,
          Array.from({ length: Math.min(place, 40) }, (_, at) => `Task ${at}`),
        ),
      'dependencies are too many to draw.',
    ],
    [
      'longer titles than Mermaid draws',
      (place: number) => aSubtask(`${'#'.repeat(80)}${place}`),
      'the titles are too long to draw.',
    ],
  ])('a plan of %s has no drawing', async (_, part, why) => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(
      server,
      Array.from({ length: 140 }, (__, place) => part(place)),
    );

    await update(server);

    const page = await textOf(server, pageOf(plan.planId));
    expect(page).toContain(why);
    expect(page).not.toContain('mermaid\n');
  });
});

describe('a scope', () => {
  test('is documented by the plan that it lies in, and the index leads to all', async () => {
    await using given = await aServer();
    const { server } = given;
    const [one, other] = [await aPlan(server, [aSubtask('A')]), await aPlan(server, [aSubtask('A')])];

    const reply = await update(server, { scope: 'specific_subtask', target_task_id: one.id('A') });

    expect(resultsOf(reply)).toEqual({ [pageOf(one.planId)]: 'created', [INDEX]: 'created' });
    expect(await textOf(server, INDEX)).toContain(`plans/${other.planId}.md`);
  });
});

describe('files of others', () => {
  test('stay as they are, and are told', async () => {
    await using given = await aServer();
    const { server } = given;
    await aPlan(server, [aSubtask('A')]);
    await mkdir(join(server.workspace, dirname(INDEX)), { recursive: true });
    await writeFile(join(server.workspace, INDEX), '# Written by hand');

    const reply = await update(server);

    expect(resultsOf(reply)).toMatchObject({ [INDEX]: 'kept' });
    expect(reply.recommendations).toMatchObject([{ description: expect.stringContaining(INDEX) }]);
    expect(await textOf(server, INDEX)).toBe('# Written by hand');
  });

  test('are whatever lies in the place of a page: nothing of it is replaced', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    const page = join(server.workspace, pageOf(plan.planId));
    await mkdir(dirname(page), { recursive: true });
    await symlink(join(server.workspace, 'mine.md'), page);
    await mkdir(join(server.workspace, INDEX));

    const reply = await update(server);

    expect(resultsOf(reply)).toEqual({ [pageOf(plan.planId)]: 'kept', [INDEX]: 'kept' });
    expect(await readlink(page)).toBe(join(server.workspace, 'mine.md'));
  });

  test('are never cleared with the pages of plans that are gone', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await update(server);
    const foreign = '.task_orchestrator/docs/plans/task_gone0000.md';
    await writeFile(join(server.workspace, foreign), '# Written by hand');
    damage(server.workspace, 'update tasks set deleted_at = 1');
    expect(resultsOf(await update(server))).toEqual({ [INDEX]: 'updated' });

    const reply = await update(server, { validation_level: 'comprehensive' });

    expect(resultsOf(reply)).toEqual({ [pageOf(plan.planId)]: 'moved_to_trash', [INDEX]: 'unchanged' });
    expect(await isThere(server, pageOf(plan.planId))).toBe(false);
    expect(await isThere(server, foreign)).toBe(true);
  });
});

test.each<[string, (server: TestOrchestrator, plans: Readonly<Record<'one' | 'other', Plan>>) => Promise<unknown>]>([
  [
    'has become a part of another',
    (server, { one, other }) => server.call('update_task', { task_id: one.planId, parent_task_id: other.planId }),
  ],
  ['has no parts any more', (server, { one }) => server.call('delete_task', { task_id: one.id('A') })],
])('the page of a plan that %s goes to the trash', async (_, change) => {
  await using given = await aServer();
  const { server } = given;
  const [one, other] = [await aPlan(server, [aSubtask('A')]), await aPlan(server, [aSubtask('B')])];
  await update(server);
  await change(server, { one, other });

  const reply = await update(server, { validation_level: 'comprehensive' });

  expect(resultsOf(reply)).toMatchObject({ [pageOf(one.planId)]: 'moved_to_trash' });
  expect(await isThere(server, pageOf(other.planId))).toBe(true);
});

test('an archived plan has had its time: its page stays, and the index leaves it out', async () => {
  await using given = await aServer();
  const { clock, server } = given;
  const plan = await aPlan(server, [aSubtask('A')]);
  await update(server);
  await moved(server, clock.now, { id: plan.planId, through: ['archived'] });

  const reply = await update(server, { validation_level: 'comprehensive' });

  expect(resultsOf(reply)).toEqual({ [INDEX]: 'updated' });
  expect(await textOf(server, INDEX)).toContain('There is no plan yet.');
  expect(await isThere(server, pageOf(plan.planId))).toBe(true);
});

test('a full audit verifies what the pages lead to', async () => {
  await using given = await aServer();
  const { server } = given;
  const plan = await aPlan(server, [aSubtask('A')]);
  const done = await server.call('complete_subtask', completion(plan.id('A')));
  await rm(join(server.workspace, done.artifact_info.accessible_via));

  const reply = await update(server, { validation_level: 'full_audit' });

  expect(reply.recommendations).toMatchObject([{ type: 'restore', title: 'Look at lost artifacts' }]);
});

test('a dry run writes nothing and says what would be written', async () => {
  await using given = await aServer();
  const { server } = given;
  const plan = await aPlan(server, [aSubtask('A')]);

  const reply = await update(server, { dry_run: true });

  expect(resultsOf(reply)).toEqual({ [pageOf(plan.planId)]: 'would_be_created', [INDEX]: 'would_be_created' });
  expect(await isThere(server, INDEX)).toBe(false);
});

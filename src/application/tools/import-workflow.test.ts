import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { cp, mkdir, readFile, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  anEdgeLine,
  aServer,
  aTaskLine,
  bring,
  broughtFrom,
  countTasks,
  exportOf,
  findings,
  importLines,
  linesOf,
  put,
  refusedLines,
} from '../../../test/exchange.ts';
import { aClock, aGenericTask, anOrchestrator, aPlan, aSubtask, type Body, completion } from '../../../test/harness.ts';
import { TAR_END, tarFilling, tarHeader } from '../../infrastructure/exchange/tar.ts';

const A = 'task_aaaaaaaa';
const B = 'task_bbbbbbbb';
const C = 'task_cccccccc';
const LATER = '2026-02-01T00:00:00.000Z';

async function aWorld() {
  const server = await aServer();
  const plan = await aPlan(server, [aSubtask('Done'), aSubtask('Begun', ['Done']), aSubtask('Waiting', ['Begun'])]);
  await server.call('complete_subtask', completion(plan.id('Done')));
  await server.call('execute_subtask', { task_id: plan.id('Begun') });
  await server.call('add_note', { task_id: plan.id('Begun'), text: 'Slow' });
  return { server, plan, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test.each(['all.jsonl', 'all.tar.gz', 'all'])(
  'tasks, dependencies, notes and works come along, and a repeat adds nothing: %s',
  async (to) => {
    await using world = await aWorld();
    await world.server.call('export_workflow', { to });
    await using other = await broughtFrom(world.server, to);

    const first = await other.call('import_workflow', { from: to });
    const again = await other.call('import_workflow', { from: to });

    expect(first).toMatchObject({
      tasks: { added: 4 },
      dependencies_added: 2,
      artifacts_added: 1,
      notes_added: 1,
      ids_renewed: 0,
      conflicts: [],
    });
    expect(again).toMatchObject({
      tasks: { added: 0, unchanged: 4 },
      dependencies_added: 0,
      artifacts_added: 0,
      notes_added: 0,
    });
    expect(await findings(other)).toEqual([]);
    const { artifacts } = await other.call('get_task', { task_id: world.plan.id('Done'), include: ['artifacts'] });
    const work = await other.call('get_artifact', { artifact_id: artifacts[0].artifact_id });
    expect(work.content ?? work.detailed_work ?? JSON.stringify(work)).toContain('All of it');
  },
);

test('what was at work elsewhere is free here, and told so; what waits for it still waits', async () => {
  await using world = await aWorld();
  await world.server.call('export_workflow', { to: 'all.jsonl' });
  await using other = await broughtFrom(world.server, 'all.jsonl');

  const reply = await other.call('import_workflow', { from: 'all.jsonl' });
  const next = await other.call('next_task', { claim: false });

  const begun = { task_id: world.plan.id('Begun'), title: 'Begun', place: expect.stringMatching(/^line \d+$/) };
  expect(reply.adjusted).toEqual([{ ...begun, why: 'it became ready, for nobody works on it here' }]);
  expect(JSON.stringify(next)).toContain(world.plan.id('Begun'));
  expect((await other.call('get_task', { task_id: world.plan.id('Waiting') })).lifecycle_stage).toBe('ready');
});

test('fresh ids make a copy beside what is there, with the same shape', async () => {
  await using world = await aWorld();
  await world.server.call('export_workflow', { to: 'all.tar.gz' });

  const reply = await world.server.call('import_workflow', { from: 'all.tar.gz', into: 'fresh' });

  expect(reply).toMatchObject({
    tasks: { added: 4 },
    dependencies_added: 2,
    artifacts_added: 1,
    notes_added: 1,
    ids_renewed: 4,
  });
  const tasks = (await linesOf(world.server)).filter(({ kind }) => kind === 'task');
  expect(new Set(tasks.map(({ task_id }) => task_id)).size).toBe(8);
  const parents = tasks.filter(({ title }) => title === 'Waiting').map(({ parent_task_id }) => parent_task_id);
  expect(new Set(parents).size).toBe(2);
  expect(await findings(world.server)).toEqual([]);
});

test('a dry run tells what would be, and leaves everything as it was', async () => {
  await using world = await aWorld();
  await world.server.call('export_workflow', { to: 'all.jsonl' });
  await using other = await broughtFrom(world.server, 'all.jsonl');

  const tried = await other.call('import_workflow', { from: 'all.jsonl', dry_run: true });

  expect(tried).toMatchObject({ imported: false, dry_run: true, tasks: { added: 4 } });
  expect(await countTasks(other)).toBe(0);
});

test('what is newer there is taken over, what is newer here stays, and what changed in both is told', async () => {
  await using server = await aServer();
  await importLines(server, [
    aTaskLine(A),
    aTaskLine(B, { version: 3, updated_at: LATER, title: 'Newer here' }),
    aTaskLine(C, { version: 5 }),
  ]);

  const reply = await importLines(server, [
    aTaskLine(A, { version: 2, updated_at: LATER, title: 'Newer there', priority: 'high' }),
    aTaskLine(B, { title: 'Older there' }),
    aTaskLine(C, { version: 2, updated_at: LATER, title: 'Changed in both' }),
  ]);

  expect(reply.tasks).toEqual({ added: 0, updated: 1, unchanged: 0, newer_here: 1, conflicts: 1 });
  const differs = [{ field: 'title', here: `Title of ${C}`, in_file: 'Changed in both' }];
  const why = 'it was changed both here and in the file';
  expect(reply.conflicts).toEqual([{ task_id: C, title: 'Changed in both', place: 'line 4', why, differs }]);
  expect(reply.next_steps).toMatch(/equal.*orchestrator_update_task.*import again/);
  const titles = Object.fromEntries((await linesOf(server)).map(({ task_id, title }) => [task_id, title]));
  expect(titles).toMatchObject({ [A]: 'Newer there', [B]: 'Newer here', [C]: `Title of ${C}` });
  expect(await findings(server)).toEqual([]);
});

test('what was changed into the same on both sides is no conflict', async () => {
  await using server = await aServer();
  await importLines(server, [aTaskLine(A, { version: 5 }), aTaskLine(B, { version: 5, description: 'Only here' })]);

  const reply = await importLines(server, [
    aTaskLine(A, { version: 2, updated_at: LATER }),
    aTaskLine(B, { version: 2, updated_at: LATER }),
  ]);

  expect(reply.tasks).toMatchObject({ unchanged: 1, conflicts: 1 });
  expect(reply.conflicts).toMatchObject([{ task_id: B, differs: [{ field: 'description', here: 'Only here' }] }]);
});

test('a change of stage from elsewhere reaches those who wait for the task', async () => {
  await using server = await aServer();
  await importLines(server, [aTaskLine(A), aTaskLine(B), anEdgeLine(B, A)]);

  await importLines(server, [
    aTaskLine(A, { version: 2, updated_at: LATER, lifecycle_stage: 'completed', completed_at: LATER }),
    aTaskLine(B),
  ]);

  expect(await findings(server)).toEqual([]);
  const { ready } = await server.call('get_status');
  expect(JSON.stringify(ready)).toContain(B);
});

test('nobody is robbed of a task, and no approval is passed by a file', async () => {
  await using server = await aServer();
  const held = await aGenericTask(server, 'Held');
  const gate = await aGenericTask(server, 'Gate', { task_type: 'approval' });
  const gated = await aGenericTask(server, 'Gated', {
    dependencies: [{ dependency_task_id: gate, dependency_type: 'approval' }],
  });
  await server.call('execute_subtask', { task_id: held });
  const lines = (await linesOf(server)).filter(({ kind }) => kind !== 'end');
  const forged = lines.map((line) => {
    if (line.kind === 'dependency') return { ...line, verdict: 'approved' };
    if (line.kind !== 'task') return line;
    return { ...line, version: line.version + 9, updated_at: '2099-01-01T00:00:00.000Z', lifecycle_stage: 'completed' };
  });

  const reply = await importLines(server, forged);

  expect(reply.tasks).toMatchObject({ updated: 0, conflicts: 3 });
  expect(reply.conflicts.map(({ task_id }: Body) => task_id).toSorted()).toEqual([held, gate, gated].toSorted());
  const { dependencies } = await server.call('get_task', { task_id: gated });
  expect(dependencies).toMatchObject([{ status: 'pending' }]);
});

test('what lies in the trash here is left there, with what would lie below it', async () => {
  await using server = await aServer();
  await importLines(server, [aTaskLine(A)]);
  await server.call('delete_task', { task_id: A });

  const reply = await importLines(server, [
    aTaskLine(A),
    aTaskLine(B, { parent_task_id: A }),
    aTaskLine(C),
    anEdgeLine(C, A),
  ]);

  expect(reply.tasks).toMatchObject({ added: 1, conflicts: 2 });
  expect(reply.left_out).toMatchObject([{ task_id: C }]);
  expect(await findings(server)).toEqual([]);
});

test('a part comes back to where it belongs: parents and prerequisites outside the file are found again', async () => {
  await using server = await aServer();
  const top = await aGenericTask(server, 'Top');
  const other = await aGenericTask(server, 'Other');
  const part = await aGenericTask(server, 'Part', {
    parent_task_id: top,
    dependencies: [{ dependency_task_id: other }],
  });
  const part_lines = (await linesOf(server, { task_id: part })).filter(({ kind }) => kind !== 'end');
  await using elsewhere = await aServer();

  const moved = await importLines(elsewhere, part_lines);
  await importLines(
    server,
    part_lines.map((line) =>
      line.kind === 'task'
        ? { ...line, task_id: 'task_newpart0' }
        : { ...line, ...(line.kind === 'dependency' && { task_id: 'task_newpart0' }) },
    ),
  );

  expect(moved.left_out).toMatchObject([{ task_id: part, why: expect.stringContaining(other) }]);
  const { parent_task_id, dependencies } = await server.call('get_task', {
    task_id: 'task_newpart0',
  });
  expect(parent_task_id).toBe(top);
  expect(dependencies).toMatchObject([{ dependency_task_id: other }]);
  expect(await findings(server)).toEqual([]);
  expect(await findings(elsewhere)).toEqual([]);
});

test('ids that do not fit are renewed, references follow, and a repeat finds them again', async () => {
  await using server = await aServer();
  const lines = [
    aTaskLine('../../etc', { title: 'Parent' }),
    aTaskLine('session_aaaaaaaa', { title: 'Child', parent_task_id: '../../etc' }),
    aTaskLine('two', { title: 'Other', superseded_by: '../../etc' }),
    anEdgeLine('two', 'session_aaaaaaaa'),
    { kind: 'artifact', artifact_id: '../x', task_id: 'two', summary: 'S', created_at: LATER, detailed_work: 'W' },
  ];

  const first = await importLines(server, lines);
  const again = await importLines(server, lines);

  expect(first).toMatchObject({ tasks: { added: 3 }, ids_renewed: 3, dependencies_added: 1, artifacts_added: 1 });
  expect(again).toMatchObject({ tasks: { unchanged: 3 }, ids_renewed: 0, dependencies_added: 0, artifacts_added: 0 });
  const tasks = (await linesOf(server)).filter(({ kind }) => kind === 'task');
  const byTitle = Object.fromEntries(tasks.map((task) => [task.title, task]));
  expect(tasks.every(({ task_id }) => /^task_[0-9a-z]{8}$/.test(task_id))).toBe(true);
  expect(byTitle.Child.parent_task_id).toBe(byTitle.Parent.task_id);
  expect(byTitle.Other.superseded_by).toBe(byTitle.Parent.task_id);
  expect(await findings(server)).toEqual([]);
});

test('an id that means another task here is renewed', async () => {
  await using server = await aServer();
  await importLines(server, [aTaskLine(A, { title: 'Here' })]);

  const reply = await importLines(server, [
    aTaskLine(A, { title: 'A stranger', created_at: LATER, updated_at: LATER }),
  ]);

  expect(reply).toMatchObject({ tasks: { added: 1, unchanged: 0 }, ids_renewed: 1 });
});

test('a parent that has ended with an open subtask is opened again, up to the top', async () => {
  await using server = await aServer();
  const ended = { lifecycle_stage: 'completed', completed_at: LATER };

  const reply = await importLines(server, [
    aTaskLine(A, ended),
    aTaskLine(B, { ...ended, parent_task_id: A }),
    aTaskLine(C, { parent_task_id: B }),
  ]);

  expect(reply.adjusted.map(({ task_id }: Body) => task_id).toSorted()).toEqual([A, B]);
  expect(await findings(server)).toEqual([]);
});

test('what ended here is not opened again by a file', async () => {
  await using server = await aServer();
  await importLines(server, [aTaskLine(A, { lifecycle_stage: 'completed', version: 9, updated_at: LATER })]);

  const refusal = await refusedLines(server, [aTaskLine(A), aTaskLine(B, { parent_task_id: A })]);

  expect(refusal).toMatchObject({ code: 'refused', error: expect.stringMatching(/^line 3: .*task_bbbbbbbb is open/) });
  expect(await countTasks(server)).toBe(1);
});

test('a circle through what is there is refused, and nothing of the file stays', async () => {
  await using server = await aServer();
  await importLines(server, [aTaskLine(A), aTaskLine(B), anEdgeLine(A, B)]);

  const refusal = await refusedLines(server, [
    aTaskLine(C),
    aTaskLine(A),
    aTaskLine(B),
    anEdgeLine(B, C),
    anEdgeLine(C, A),
  ]);

  expect(refusal).toMatchObject({ code: 'refused', error: expect.stringContaining('circle') });
  expect(await countTasks(server)).toBe(2);
});

test.each<[what: string, lines: readonly unknown[], reason: RegExp]>([
  [
    'a task that is its own parent',
    [aTaskLine(A, { parent_task_id: A })],
    /line 2: the task task_aaaaaaaa is its own parent/,
  ],
  [
    'parents in a circle',
    [aTaskLine(A, { parent_task_id: B }), aTaskLine(B, { parent_task_id: A })],
    /line \d: .*circle/,
  ],
  ['a task that waits for itself', [aTaskLine(A), anEdgeLine(A, A)], /line 3: .*waits for itself/],
  [
    'tasks that wait for each other',
    [aTaskLine(A), aTaskLine(B), anEdgeLine(A, B), anEdgeLine(B, A)],
    /line \d: .*circle/,
  ],
  [
    'a subtask that waits for its parent',
    [aTaskLine(A), aTaskLine(B, { parent_task_id: A }), anEdgeLine(B, A)],
    /line \d: .*circle/,
  ],
  ['a dependency on nothing', [aTaskLine(A), anEdgeLine(A, B)], /line 3: it names the task task_bbbbbbbb/],
  [
    'a parent that is not there',
    [aTaskLine(A, { parent_task_id: B })],
    /line 2: its parent task_bbbbbbbb is not in the file/,
  ],
  ['a task twice', [aTaskLine(A), aTaskLine(A)], /line 3: the task task_aaaaaaaa stands at line 2 already/],
  [
    'a dependency twice',
    [aTaskLine(A), aTaskLine(B), anEdgeLine(B, A), anEdgeLine(B, A)],
    /line 5: the dependency of .* twice/,
  ],
  [
    'an artifact twice',
    [aTaskLine(A), anArtifact(), anArtifact()],
    /line 4: the artifact artifact_aaaaaaaa stands here twice/,
  ],
  [
    'an artifact without its work',
    [aTaskLine(A), { ...anArtifact(), detailed_work: undefined }],
    /line 3: an artifact has either/,
  ],
  ['an unknown kind', [{ kind: 'song' }], /line 2: kind is "song"/],
  ['an unknown field', [aTaskLine(A, { colour: 'red' })], /line 2: Unknown parameter: colour/],
  ['a stage that is none', [aTaskLine(A, { lifecycle_stage: 'dreaming' })], /line 2: lifecycle_stage/],
  ['a time that is none', [aTaskLine(A, { created_at: 'yesterday' })], /line 2: created_at/],
  [
    'a version that could not grow',
    [aTaskLine(A, { version: Number.MAX_SAFE_INTEGER })],
    /line 2: version must be at most/,
  ],
  ['a title that is too long', [aTaskLine(A, { title: 'x'.repeat(501) })], /line 2: title/],
  ['half a character', [aTaskLine(A, { title: 'x\ud800' })], /line 2: .*lone surrogate/],
  ['a NUL', [aTaskLine(A, { title: 'x\0' })], /line 2: .*NUL/],
  ['attributes nested absurdly', [aTaskLine(A, { attributes: nested(30) })], /line 2: attributes has/],
  ['attributes that are fields', [aTaskLine(A, { attributes: { status: 'done' } })], /line 2: attributes\.status/],
  [
    'a work that is too long',
    [aTaskLine(A), { ...anArtifact(), detailed_work: 'ü'.repeat(2 ** 21 + 1) }],
    /line 3: detailed_work has 4194306 bytes/,
  ],
  ['lines after the end', [{ kind: 'end', lines: 0 }, aTaskLine(A)], /line 3: nothing can stand after/],
])('%s is refused with its line, and nothing is imported', async (_, lines, reason) => {
  await using server = await aServer();

  const refusal = await refusedLines(server, lines);

  expect(refusal.error).toMatch(reason);
  expect(refusal.code).toBe('invalid');
  expect(await countTasks(server)).toBe(0);
});

function anArtifact(): Body {
  return {
    kind: 'artifact',
    artifact_id: 'artifact_aaaaaaaa',
    task_id: A,
    summary: 'S',
    created_at: LATER,
    detailed_work: 'W',
  };
}
function nested(levels: number): Body {
  return levels === 0 ? {} : { in: nested(levels - 1) };
}

const WHOLE = exportOf([aTaskLine(A), aTaskLine(B)]);
const DEEP = '['.repeat(200_000) + ']'.repeat(200_000);

test.each<[what: string, text: string | Uint8Array, reason: RegExp]>([
  ['an empty file', '', /is empty/],
  ['another format', '{"songs":[]}\n', /does not begin as an export of ours does/],
  ['a newer version', WHOLE.replace('"version":1', '"version":2'), /line 1: version 2 of the format is newer/],
  ['no version', WHOLE.replace('"version":1,', ''), /line 1: .*version/],
  ['a version in words', WHOLE.replace('"version":1', '"version":"one"'), /line 1: version/],
  ['half a file', WHOLE.slice(0, WHOLE.lastIndexOf('{"kind":"end"')), /ends after 2 lines, before its end line/],
  ['half a line', WHOLE.slice(0, -30), /line 3: this is no JSON|line 4: this is no JSON/],
  ['a line that is missing', WHOLE.split('\n').toSpliced(1, 1).join('\n'), /it tells of 2 lines, and there are 1/],
  ['no UTF-8', Buffer.from(`${WHOLE.split('\n')[0]}\n\xff\xfe`, 'latin1'), /line 2: this is no UTF-8 text/],
  [
    'a name that means something to the language',
    WHOLE.replace('"kind":"task"', '"kind":"task","__proto__":{"x":1}'),
    /line 2: .*__proto__/,
  ],
  ['nesting that goes deeper than a stack', `${WHOLE.split('\n')[0]}\n${'['.repeat(200_000)}`, /line 2/],
  ['a kind that is nested so', WHOLE.replace('"task"', DEEP), /line 2: it is nested too deeply/],
  ['a title that is nested so', WHOLE.replace('"Title of task_aaaaaaaa"', DEEP), /line 2: it is nested too deeply/],
  ['empty lines without end', `${WHOLE}${'\n'.repeat(2_000_000)}`, /has more than 2000000 lines/],
])('%s is refused', async (_, text, reason) => {
  await using server = await aServer();
  await put(server, 'given.jsonl', text);

  const refusal = await server.refused('import_workflow', { from: 'given.jsonl' });

  expect(refusal.error).toMatch(reason);
  expect(await countTasks(server)).toBe(0);
});

test('a file of 2 GB is refused at once', async () => {
  await using server = await aServer();
  await put(server, 'large.jsonl', WHOLE);
  await truncate(join(server.workspace, 'large.jsonl'), 2 * 1024 ** 3);

  const refusal = await server.refused('import_workflow', { from: 'large.jsonl' });

  expect(refusal).toMatchObject({
    code: 'invalid',
    most_bytes: 1024 ** 3,
    suggestion: expect.stringContaining('task_id'),
  });
});

test('the file that the documentation shows is whole and comes in as it is', async () => {
  await using server = await aServer();
  const page = await readFile(join(import.meta.dirname, '../../../docs/exchange.md'), 'utf8');
  const [, shown = ''] = /```jsonl\n(.*?)```/s.exec(page) ?? [];
  await put(server, 'shown.jsonl', shown);

  const reply = await server.call('import_workflow', { from: 'shown.jsonl' });

  expect(reply).toMatchObject({ tasks: { added: 3 }, dependencies_added: 1, artifacts_added: 1, notes_added: 1 });
  expect(reply).toMatchObject({ ids_renewed: 0, adjusted: [], left_out: [] });
  expect((await server.call('next_task', { claim: false })).task_id).toBe('implementer_build001');
  expect(await findings(server)).toEqual([]);
});

test('a line that is wrong is all that is told of', async () => {
  await using server = await aServer();

  const refusal = await refusedLines(server, [aTaskLine(A, { colour: 'red' }), aTaskLine(B)]);

  expect(refusal.problems).toEqual([expect.stringContaining('line 2: Unknown parameter: colour')]);
});

test('of several lines that are wrong the first is told, with how many more there are', async () => {
  await using server = await aServer();
  const wrong = (count: number) => [aTaskLine(A), ...Array.from({ length: count }, () => ({ kind: 'tsk' }))];

  const three = await refusedLines(server, wrong(3));
  const many = await refusedLines(server, wrong(30));

  expect(three.error).toMatch(
    /^given\.jsonl, line 3: kind is "tsk", and it must be one of .*; 2 more lines are wrong$/,
  );
  expect(three.problems.map((problem: string) => problem.slice(0, 6))).toEqual(['line 3', 'line 4', 'line 5']);
  expect(many).toMatchObject({ error: expect.stringMatching(/; at least 19 more lines are wrong$/) });
  expect(many.problems).toHaveLength(20);
});

test('line ends, empty lines and the mark that editors put first make no difference', async () => {
  await using server = await aServer();
  await put(server, 'given.jsonl', `\uFEFF${WHOLE.replaceAll('\n', '\r\n\r\n')}`);

  expect(await server.call('import_workflow', { from: 'given.jsonl' })).toMatchObject({ tasks: { added: 2 } });
});

test('a work that is lost or altered is told, by a dry run as well', async () => {
  await using server = await aServer();
  const of = (detailed_work: string | undefined, artifact_id: string) => ({
    ...anArtifact(),
    artifact_id,
    detailed_work,
    sha256: 'a'.repeat(64),
    bytes: 1,
    characters: 1,
  });
  const lines = [aTaskLine(A), of(undefined, 'artifact_lost0000'), of('Other', 'artifact_altered0')];

  const tried = await importLines(server, lines, { dry_run: true });
  const reply = await importLines(server, lines);

  expect(reply).toMatchObject({
    artifacts_added: 2,
    left_out: [{ task_id: A, place: 'line 3', why: 'the work of the artifact artifact_lost0000 did not come along' }],
    adjusted: [{ task_id: A, place: 'line 4', why: expect.stringContaining('artifact_altered0 counts as altered') }],
  });
  expect(tried).toMatchObject({ left_out: reply.left_out, adjusted: reply.adjusted });
  const states = (await findings(server)).map(({ finding, artifact_id }) => `${finding} ${artifact_id}`);
  expect(states.toSorted()).toEqual(['altered_artifact artifact_altered0', 'lost_artifact artifact_lost0000']);
});

test('the size of a work is counted, whatever the line says of it', async () => {
  await using server = await aServer();
  await importLines(server, [aTaskLine(A), { ...anArtifact(), detailed_work: 'Wörk', bytes: 9e15, characters: 9e15 }]);

  const [artifact] = (await linesOf(server)).filter(({ kind }) => kind === 'artifact');
  expect(artifact).toMatchObject({ bytes: 5, characters: 4 });
});

test('an artifact whose id means one of another task here is renewed, and met again', async () => {
  await using server = await aServer();
  await importLines(server, [aTaskLine(A), anArtifact()]);
  const stranger = [aTaskLine(B), { ...anArtifact(), task_id: B, detailed_work: 'Theirs' }];

  const first = await importLines(server, stranger);
  const again = await importLines(server, stranger);

  expect([first.artifacts_added, again.artifacts_added]).toEqual([1, 0]);
  const works = (await linesOf(server)).filter(({ kind }) => kind === 'artifact');
  expect(works.map(({ task_id, detailed_work }) => [task_id, detailed_work])).toEqual([
    [A, 'W'],
    [B, 'Theirs'],
  ]);
  expect(await findings(server)).toEqual([]);
});

test('a file that is written to while it is read is refused, and nothing of it stays', async () => {
  await using server = await aServer();
  await put(server, 'given.jsonl', WHOLE);
  const report = (_: number, __: number, message: string) => {
    if (message.startsWith('reading')) appendFileSync(join(server.workspace, 'given.jsonl'), '\n');
  };

  const broken = server.call('import_workflow', { from: 'given.jsonl' }, { report });

  await expect(broken).rejects.toThrow('given.jsonl was changed while it was read');
  expect(await countTasks(server)).toBe(0);
});

/** An archive with these members. */
function anArchive(members: Readonly<Record<string, string>>, type = '0'): Buffer {
  const blocks = Object.entries(members).flatMap(([name, text]) => {
    const header = tarHeader({ name, bytes: Buffer.byteLength(text), changedAt: 0 });
    if (type !== '0') {
      header.write(type, 156);
      header.write('        ', 148);
      header.write(
        `${header
          .reduce((sum, byte) => sum + byte, 0)
          .toString(8)
          .padStart(6, '0')}\0 `,
        148,
      );
    }
    return [header, Buffer.from(text), tarFilling(Buffer.byteLength(text))];
  });
  return gzipSync(Buffer.concat([...blocks, TAR_END]));
}

test.each<[what: string, archive: Buffer, reason: RegExp]>([
  ['a member above its folder', anArchive({ '../tasks.jsonl': WHOLE }), /outside its own folder: \.\.\/tasks\.jsonl/],
  ['an absolute member', anArchive({ '/etc/tasks.jsonl': WHOLE }), /outside its own folder/],
  ['a link', anArchive({ 'tasks.jsonl': '' }, '2'), /no plain file: tasks\.jsonl/],
  ['no lines', anArchive({ 'songs.txt': 'la' }), /holds no tasks\.jsonl/],
  ['half of it', anArchive({ 'tasks.jsonl': WHOLE }).subarray(0, 60), /no whole gzip archive|ends in the middle/],
  ['no archive at all', Buffer.from('not packed'), /no whole gzip archive/],
  ['a gzip of no archive', gzipSync(Buffer.alloc(2048, 'x')), /no tar archive, or a damaged one/],
])('an archive with %s is refused', async (_, archive, reason) => {
  await using server = await aServer();
  await put(server, 'given.tar.gz', archive);

  const refusal = await server.refused('import_workflow', { from: 'given.tar.gz' });

  expect(refusal.error).toMatch(reason);
  expect(await countTasks(server)).toBe(0);
});

test.each(['gnu', 'oldgnu', 'pax', 'v7', 'ustar'])(
  'a folder that somebody packed with tar is understood, however long its name: %s',
  async (format) => {
    await using world = await aWorld();
    await world.server.call('export_workflow', { to: 'folder' });
    const name = `the plan of ${format === 'v7' || format === 'ustar' ? 'us' : 'us all, '.repeat(15)}`;
    await rename(join(world.server.workspace, 'folder'), join(world.server.workspace, name));
    execFileSync('tar', [`--format=${format}`, '-czf', 'packed.tgz', name], { cwd: world.server.workspace });
    await using other = await broughtFrom(world.server, 'packed.tgz');

    const reply = await other.call('import_workflow', { from: 'packed.tgz' });

    expect(reply).toMatchObject({ tasks: { added: 4 }, artifacts_added: 1, left_out: [] });
    expect(await findings(other)).toEqual([]);
  },
);

test('an archive that never ends is left when the time is over', async () => {
  await using server = await anOrchestrator({ config: { synchronous: 'normal', timeoutMs: 500 } });
  const header = tarHeader({ name: 'junk', bytes: 8 * 1024 ** 3 - 1, changedAt: 0 });
  const zeros = gzipSync(Buffer.alloc(64 * 1024 ** 2), { level: 1 });
  await put(server, 'bomb.tar.gz', Buffer.concat([gzipSync(header), ...Array.from({ length: 128 }, () => zeros)]));

  expect(await server.refused('import_workflow', { from: 'bomb.tar.gz' })).toMatchObject({ code: 'timeout' });
});

test('an archive that was packed with its folder is understood', async () => {
  await using server = await aServer();
  await put(server, 'given.tar.gz', anArchive({ './export/tasks.jsonl': WHOLE }));

  expect(await server.call('import_workflow', { from: 'given.tar.gz' })).toMatchObject({ tasks: { added: 2 } });
});

test('nothing is read outside the workspace, and no link is followed', async () => {
  await using server = await aServer();
  await using other = await aServer();
  await put(other, 'theirs.jsonl', WHOLE);
  await symlink(join(other.workspace, 'theirs.jsonl'), join(server.workspace, 'linked.jsonl'));
  await symlink(other.workspace, join(server.workspace, 'folder'));
  await mkdir(join(server.workspace, 'export/artifacts/x'), { recursive: true });
  await put(
    server,
    'export/tasks.jsonl',
    exportOf([
      aTaskLine(A),
      { ...anArtifact(), detailed_work: undefined, sha256: 'a'.repeat(64), bytes: 1, characters: 1 },
    ]),
  );
  await writeFile(join(other.workspace, 'secret.md'), 'secret');
  await symlink(join(other.workspace, 'secret.md'), join(server.workspace, 'export/artifacts/x/a.md'));

  const refusals = [];
  for (const from of [
    join(other.workspace, 'theirs.jsonl'),
    'linked.jsonl',
    'folder/theirs.jsonl',
    '../x.jsonl',
    'export',
  ]) {
    refusals.push((await server.refused('import_workflow', { from })).code);
  }

  expect(refusals).toEqual(['refused', 'refused', 'refused', 'refused', 'refused']);
  expect(await countTasks(server)).toBe(0);
});

test('two imports of one file at once add everything once', async () => {
  await using world = await aWorld();
  await world.server.call('export_workflow', { to: 'all.tar.gz' });
  await using one = await broughtFrom(world.server, 'all.tar.gz');
  await using two = await anOrchestrator({ workspace: one.workspace, config: { synchronous: 'normal' } });

  const replies = await Promise.all([one, two].map((server) => server.call('import_workflow', { from: 'all.tar.gz' })));

  const added = replies.map(({ tasks }) => tasks.added);
  expect(added.toSorted()).toEqual([0, 4]);
  expect(await countTasks(one)).toBe(4);
  expect(await findings(one)).toEqual([]);
});

test('an import that is taken back leaves nothing, and can be made again', async () => {
  await using server = await aServer();
  const many = Array.from({ length: 3000 }, (_, index) => aTaskLine(`task_${String(index).padStart(8, '0')}`));
  await put(server, 'given.jsonl', exportOf(many));
  const taken = new AbortController();
  const report = (_: number, __: number, message: string) => {
    if (message.startsWith('writing, 1000')) taken.abort();
  };

  const broken = server.orchestrator.call(
    'orchestrator_import_workflow',
    { from: 'given.jsonl' },
    { signal: taken.signal, report },
  );

  await expect(broken).rejects.toThrow('The call was cancelled');
  expect(await countTasks(server)).toBe(0);
  expect(await server.call('import_workflow', { from: 'given.jsonl' })).toMatchObject({ tasks: { added: 3000 } });
});

test('a caller hears how far a long import is', async () => {
  await using server = await aServer();
  await put(
    server,
    'given.jsonl',
    exportOf(Array.from({ length: 1500 }, (_, index) => aTaskLine(`task_${String(index).padStart(8, '0')}`))),
  );
  const said: string[] = [];

  await server.call('import_workflow', { from: 'given.jsonl' }, { report: (_, __, message) => said.push(message) });

  expect(said).toContain('reading given.jsonl');
  expect(said.some((message) => message.startsWith('writing, 1000 of 1500'))).toBe(true);
});

const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/imports');

test.each([
  ['task-master', 'task-master/tasks.json', 7],
  ['shrimp', 'shrimp/tasks.json', 2],
  ['backlog', 'backlog', 5],
  ['beads', 'beads/issues.jsonl', 3],
  ['github', 'github/issues.json', 4],
  ['checklist', 'checklist/release.md', 9],
] as const)('the tasks of %s come in once, whole and sound', async (from_tool, path, count) => {
  await using server = await aServer();
  await cp(join(FIXTURES, path), join(server.workspace, path), { recursive: true });

  const first = await server.call('import_workflow', { from: path, from_tool });
  const before = await linesOf(server);
  const again = await server.call('import_workflow', { from: path, from_tool });

  expect(first.tasks).toMatchObject({ added: count, conflicts: 0 });
  expect(again.tasks).toMatchObject({ added: 0, updated: 0, unchanged: count, conflicts: 0 });
  expect(await linesOf(server)).toEqual(before);
  expect(await findings(server)).toEqual([]);
});

test('a task that changed in the other tool is taken over anew, unless it changed here as well', async () => {
  const clock = aClock();
  await using server = await aServer({ clock: clock.now });
  const list = (one: string, two: string) =>
    JSON.stringify({
      tasks: [
        { id: 1, title: one, status: 'pending' },
        { id: 2, title: two, status: 'pending' },
      ],
    });
  const call = () => server.call('import_workflow', { from: 'tasks.json', from_tool: 'task-master' });
  await put(server, 'tasks.json', list('One', 'Two'));
  await call();
  const tasks = (await linesOf(server)).filter(({ kind }) => kind === 'task');
  const second = tasks.find(({ title }) => title === 'Two')?.task_id;
  clock.advance(1000);
  await server.call('update_task', { task_id: second, attributes: { title: 'Two, here' } });
  await put(server, 'tasks.json', list('One, there', 'Two, there'));

  const changed = await call();
  const again = await call();

  expect(changed.tasks).toMatchObject({ added: 0, updated: 1, conflicts: 1 });
  expect(again.tasks).toMatchObject({ added: 0, updated: 0, unchanged: 1, conflicts: 1 });
  const titles = (await linesOf(server)).flatMap(({ kind, title }) => (kind === 'task' ? [title] : []));
  expect(titles.toSorted()).toEqual(['One, there', 'Two, here']);
});

test('what another tool allows and we do not is put right and told', async () => {
  await using server = await aServer();
  const tasks = [
    { id: 1, title: 'Round', status: 'pending', dependencies: [2] },
    { id: 2, title: 'And round', status: 'pending', dependencies: [1] },
    {
      id: 3,
      title: 'Done',
      status: 'done',
      subtasks: [{ id: 1, title: 'Open', status: 'pending', dependencies: ['3'] }],
    },
    { id: 4, title: 'All done', status: 'pending', subtasks: [{ id: 1, title: 'Done', status: 'done' }] },
  ];
  await put(server, 'tasks.json', JSON.stringify({ tasks }));

  const reply = await server.call('import_workflow', { from: 'tasks.json', from_tool: 'task-master' });

  expect(reply.left_out.map(({ why }: Body) => why)).toEqual([
    expect.stringMatching(/^master\/\d does not wait for master\/\d here: that made a circle/),
    expect.stringMatching(/^master\/3\.1 does not wait for master\/3 here/),
  ]);
  expect(reply.adjusted).toEqual([
    {
      place: 'task-master:tasks.json#master/3',
      why: 'it was completed there; by its subtasks it is ready here',
    },
  ]);
  const stages = Object.fromEntries(
    (await linesOf(server)).map(({ attributes, lifecycle_stage }) => [attributes?.imported_from, lifecycle_stage]),
  );
  expect(stages['task-master:tasks.json#master/4']).toBe('review');
  expect(await findings(server)).toEqual([]);
});

test('an import that only moves within the store hears its caller, too', async () => {
  await using server = await aServer();
  await put(server, 'todo.md', Array.from({ length: 3000 }, (_, number) => `- [ ] Task ${number}\n`).join(''));
  const taken = new AbortController();
  // Heard by whoever gets a turn while the lines are written, and not by the one that writes them.
  const report = (_: number, __: number, message: string) => {
    if (message.startsWith('writing, 1000')) setImmediate(() => taken.abort());
  };

  const broken = server.orchestrator.call(
    'orchestrator_import_workflow',
    { from: 'todo.md', from_tool: 'checklist' },
    { signal: taken.signal, report },
  );

  await expect(broken).rejects.toThrow('The call was cancelled');
  expect(await countTasks(server)).toBe(0);
});

test('the same export brought twice by different ways is one', async () => {
  await using world = await aWorld();
  await world.server.call('export_workflow', { to: 'a.jsonl' });
  await world.server.call('export_workflow', { to: 'b' });
  await using other = await broughtFrom(world.server, 'a.jsonl');
  await bring(world.server, 'b', other);

  await other.call('import_workflow', { from: 'a.jsonl' });
  const second = await other.call('import_workflow', { from: 'b' });

  expect(second).toMatchObject({ tasks: { added: 0, unchanged: 4 }, artifacts_added: 0, notes_added: 0 });
});

test('what never had an id of ours has none renewed', async () => {
  await using server = await aServer();
  await put(server, 'todo.md', 'A line of its own\n- [ ] Buy milk\n- [ ] Buy bread\n');

  const reply = await server.call('import_workflow', { from: 'todo.md', from_tool: 'checklist' });

  expect(reply).toMatchObject({
    tasks: { added: 2 },
    ids_renewed: 0,
    left_out: [{ why: '1 line belongs to no task: line 1' }],
  });
});

test('a file that is no export is said to be none, with what it may be instead', async () => {
  await using server = await aServer();
  await put(server, 'todo.md', '\n- [ ] Buy milk\n');
  await put(server, 'notes.txt', 'Buy milk');

  const checklist = await server.refused('import_workflow', { from: 'todo.md' });
  const other = await server.refused('import_workflow', { from: 'notes.txt' });

  expect(checklist).toMatchObject({
    error: 'todo.md is no export: it looks like a Markdown checklist',
    suggestion: 'Repeat with from_tool: checklist',
  });
  expect(other).toMatchObject({ suggestion: expect.stringMatching(/from_tool/) });
});

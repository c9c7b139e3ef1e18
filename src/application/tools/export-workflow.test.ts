import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anEdgeLine, aServer, aTaskLine, importLines, linesOf } from '../../../test/exchange.ts';
import { aGenericTask, aPlan, aSubtask, completion } from '../../../test/harness.ts';

const kinds = (lines: readonly Readonly<{ kind?: unknown }>[]) => Map.groupBy(lines, ({ kind }) => kind);

test('everything is exported, one object a line, with what names a task after it and a last line that tells how many', async () => {
  await using server = await aServer();
  const { id } = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
  await server.call('complete_subtask', completion(id('A')));
  await server.call('add_note', { task_id: id('B'), text: 'Slow' });
  await server.call('add_note', { text: 'Of the workspace' });

  const reply = await server.call('export_workflow', { to: 'all.jsonl' });

  expect(reply).toMatchObject({
    exported: true,
    path: 'all.jsonl',
    tasks: 3,
    dependencies: 1,
    artifacts: 1,
    notes: 2,
  });
  const text = await readFile(join(server.workspace, 'all.jsonl'), 'utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ format: 'mcp-task-orchestrator', version: 1 });
  expect(lines.at(-1)).toEqual({ kind: 'end', lines: lines.length - 2 });
  expect([...new Set(lines.slice(1, -1).map(({ kind }) => kind))]).toEqual([
    'session',
    'task',
    'dependency',
    'artifact',
    'note',
  ]);
  expect(reply.bytes).toBe(Buffer.byteLength(text));
});

test('a folder and an archive hold the artifact files as they are', async () => {
  await using server = await aServer();
  const { id } = await aPlan(server, [aSubtask('A')]);
  await server.call('complete_subtask', completion(id('A'), { detailed_work: 'Byte for byte: \u0000 ✓' }));

  await server.call('export_workflow', { to: 'folder' });
  const { path } = await server.call('export_workflow');

  const [name = ''] = await readdir(join(server.workspace, 'folder/artifacts', id('A')));
  const kept = await readFile(join(server.workspace, '.task_orchestrator/artifacts', id('A'), name));
  expect(await readFile(join(server.workspace, 'folder/artifacts', id('A'), name))).toEqual(kept);
  expect(path).toMatch(/^\.task_orchestrator\/exports\/[\dT]+-[0-9a-z]{8}\.tar\.gz$/);
  expect((await readFile(join(server.workspace, path))).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
});

test('one plan is exported with what points out of it marked as outside', async () => {
  await using server = await aServer();
  const top = await aGenericTask(server, 'Top');
  const other = await aGenericTask(server, 'Other');
  const inner = await aGenericTask(server, 'Inner', { parent_task_id: top });
  const leaf = await aGenericTask(server, 'Leaf', {
    parent_task_id: inner,
    dependencies: [{ dependency_task_id: other }],
  });

  const lines = await linesOf(server, { task_id: inner });

  const byKind = kinds(lines);
  expect(byKind.get('task')).toMatchObject([
    { task_id: inner, parent_task_id: top, parent_outside: true },
    { task_id: leaf, parent_task_id: inner },
  ]);
  expect(byKind.get('dependency')).toMatchObject([{ task_id: leaf, dependency_task_id: other, outside: true }]);
});

test('without artifacts, whoever got their work goes on', async () => {
  await using server = await aServer();
  const a = await aGenericTask(server, 'A');
  const b = await aGenericTask(server, 'B', { dependencies: [{ dependency_task_id: a, dependency_type: 'data' }] });
  await server.call('complete_subtask', completion(a));

  const byKind = kinds(await linesOf(server, { include_artifacts: false }));

  expect(byKind.get('artifact')).toBeUndefined();
  expect(byKind.get('dependency')).toMatchObject([{ task_id: b, verdict: 'waived' }]);
});

test('an artifact whose file is lost is told', async () => {
  await using server = await aServer();
  const { id } = await aPlan(server, [aSubtask('A')]);
  await server.call('complete_subtask', completion(id('A')));
  await server.call('export_workflow', { to: 'before.tar.gz' });
  const folder = join(server.workspace, '.task_orchestrator/artifacts', id('A'));
  await rm(folder, { recursive: true });

  const reply = await server.call('export_workflow', { to: 'after.tar.gz' });

  expect(reply).toMatchObject({ artifacts: 1, artifacts_without_file: 1 });
});

test('Markdown tells people about each top task, Mermaid draws them all', async () => {
  await using server = await aServer();
  const { planId, id } = await aPlan(server, [aSubtask('Draw *it*'), aSubtask('Show it', ['Draw *it*'])]);
  await aGenericTask(server, 'Alone');

  const { path: markdown } = await server.call('export_workflow', { format: 'markdown' });
  const { path: drawn } = await server.call('export_workflow', { format: 'mermaid', task_id: planId, to: 'plan.mmd' });

  const text = await readFile(join(server.workspace, markdown), 'utf8');
  expect(text).toContain('# A goal');
  expect(text).toContain(`- [ ] Draw \\*it\\* (\`${id('Draw *it*')}\`)`);
  expect(text).toContain('Show it waits for Draw \\*it\\* to be completed: pending');
  expect(text).toContain('# Alone');
  expect(await readFile(join(server.workspace, drawn), 'utf8')).toMatch(/^flowchart TD\n/);
});

test('Markdown has the top tasks in the order in which they were created', async () => {
  await using server = await aServer();
  const ids = ['task_00000100', 'task_00000000', 'task_00000200'];
  await importLines(
    server,
    ids.map((id) => aTaskLine(id)),
  );

  await server.call('export_workflow', { format: 'markdown', to: 'all.md' });

  const text = await readFile(join(server.workspace, 'all.md'), 'utf8');
  expect(text.match(/^# Title of task.*$/gm)).toEqual(ids.map((id) => expect.stringContaining(id.replace('_', '\\_'))));
});

test('in Markdown a task that waits for one outside the export names it by its title', async () => {
  await using server = await aServer();
  const outside = await aGenericTask(server, 'Bug 3');
  const gone = await aGenericTask(server, 'Bug 4');
  const dependencies = [outside, gone].map((id) => ({ dependency_task_id: id }));
  const task_id = await aGenericTask(server, 'Release', { dependencies });
  await server.call('delete_task', { task_id: gone, force: true });

  await server.call('export_workflow', { format: 'markdown', task_id, to: 'release.md' });

  const text = await readFile(join(server.workspace, 'release.md'), 'utf8');
  expect(text).toContain('- Release waits for Bug 3 to be completed: pending');
  expect(text).toContain(`- Release waits for \`${gone}\` to be completed: failed`);
});

test('more tasks than can be drawn are refused with the way to fewer', async () => {
  await using server = await aServer();
  const many = Array.from({ length: 401 }, (_, index) => aSubtask(`T${index}`));
  await aPlan(server, many);

  const refusal = await server.refused('export_workflow', { format: 'mermaid' });

  expect(refusal).toMatchObject({ code: 'invalid', suggestion: expect.stringContaining('task_id') });
});

test.each<[what: string, tasks: number, titleLength: number, edges: number, reason: string]>([
  ['arrows', 40, 5, 501, '501 arrows are too many for one drawing; at most 500 are drawn'],
  ['characters', 400, 80, 0, 'characters are too many for one drawing; at most 50000 are drawn'],
])('more %s than Mermaid draws are refused', async (_, tasks, titleLength, edges, reason) => {
  await using server = await aServer();
  const id = (number: number) => `implementer_${String(number).padStart(8, '0')}`;
  const titles = Array.from({ length: tasks }, (_, number) =>
    aTaskLine(id(number), { title: `${number} `.padEnd(titleLength, 'x') }),
  );
  const pairs = titles.flatMap((_, one) => titles.slice(0, one).map((_, other) => anEdgeLine(id(one), id(other))));
  await importLines(server, [...titles, ...pairs.slice(0, edges)]);

  const refusal = await server.refused('export_workflow', { format: 'mermaid' });

  expect(refusal).toMatchObject({ code: 'invalid', error: expect.stringContaining(reason) });
});

test('a place that is taken, or for the wrong format, is refused and nothing is left behind', async () => {
  await using server = await aServer();
  await aGenericTask(server, 'A');
  await writeFile(join(server.workspace, 'there.jsonl'), 'mine');
  const before = await readdir(server.workspace);

  const taken = await server.refused('export_workflow', { to: 'there.jsonl' });
  const misplaced = await server.refused('export_workflow', { to: 'plan.tar.gz', format: 'markdown' });
  const unknown = await server.refused('export_workflow', { to: 'x.jsonl', task_id: 'task_zzzzzzzz' });

  expect(taken).toMatchObject({
    code: 'conflict',
    error: 'there.jsonl is there already',
    suggestion: 'Repeat with another path, or without one',
  });
  expect(misplaced).toMatchObject({ code: 'invalid', parameter: 'to' });
  expect(unknown).toMatchObject({ code: 'not_found' });
  expect(await readdir(server.workspace)).toEqual(before);
  expect(await readFile(join(server.workspace, 'there.jsonl'), 'utf8')).toBe('mine');
});

test('a folder that is not there is not made by a slip of the pen; our own is', async () => {
  await using server = await aServer();
  await aGenericTask(server, 'A');
  await mkdir(join(server.workspace, 'plans'));

  const slip = await server.refused('export_workflow', { to: 'plan/2026/a.jsonl' });
  const there = await server.call('export_workflow', { to: 'plans/a.jsonl' });
  const own = await server.call('export_workflow', { to: '.task_orchestrator/exports/a.jsonl' });

  expect(slip).toMatchObject({
    code: 'not_found',
    error: 'Folder not found: plan/2026',
    suggestion: 'Make that folder first, or repeat with a path in one that is there',
  });
  expect(existsSync(join(server.workspace, 'plan'))).toBe(false);
  expect([there.path, own.path]).toEqual(['plans/a.jsonl', '.task_orchestrator/exports/a.jsonl']);
});

test.each(['../out.jsonl', '/tmp/exported-elsewhere.jsonl', '.', 'linked/out.jsonl'])(
  'nothing is written outside the workspace: %s',
  async (to) => {
    await using server = await aServer();
    const elsewhere = join(tmpdir(), `elsewhere-${Math.random()}`);
    await mkdir(elsewhere);
    await symlink(elsewhere, join(server.workspace, 'linked'));
    await aGenericTask(server, 'A');

    const refusal = await server.refused('export_workflow', { to });

    expect(refusal).toMatchObject({ code: 'refused', error: expect.stringContaining('leads out of the workspace') });
    expect(await readdir(elsewhere)).toEqual([]);
    expect(existsSync('/tmp/exported-elsewhere.jsonl')).toBe(false);
  },
);

test.each([
  ['z.zip', 'jsonl', 'Repeat with a path that ends with .jsonl or .tar.gz, or with that of a new folder'],
  ['k.md', 'jsonl', 'Repeat with format markdown, or with a path that ends with .jsonl or .tar.gz'],
  ['plans/2026.01', 'jsonl', '.jsonl'],
  ['all.jsonl', 'markdown', 'Repeat with format jsonl, or with a path that ends with .md'],
  ['plan.mmd', 'markdown', 'Repeat with format mermaid'],
])('a path whose ending says something else than what is written is refused: %s as %s', async (to, format, way) => {
  await using server = await aServer();
  await aGenericTask(server, 'A');
  const before = await readdir(server.workspace);

  const refusal = await server.refused('export_workflow', { to, format });

  expect(refusal).toMatchObject({ code: 'invalid', parameter: 'to', suggestion: expect.stringContaining(way) });
  expect(await readdir(server.workspace)).toEqual(before);
});

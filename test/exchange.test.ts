import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrchestratorError } from '../src/domain/errors.ts';
import { STAGES as ALL_STAGES } from '../src/domain/lifecycle.ts';
import { mergeByVersion } from '../src/domain/merging.ts';
import { anEdgeLine, aServer, aTaskLine, bring, exportOf, findings, importLines, linesOf, put } from './exchange.ts';
import { type Body, completion, type TestOrchestrator } from './harness.ts';

type Step = Readonly<{
  kind: 'task' | 'subtask' | 'edge' | 'complete' | 'begin' | 'move' | 'note' | 'edit';
  one: number;
  other: number;
  text: string;
}>;

const someSteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'task',
      'task',
      'subtask',
      'subtask',
      'edge',
      'edge',
      'complete',
      'begin',
      'move',
      'note',
      'edit',
    ),
    one: fc.nat({ max: 50 }),
    other: fc.nat({ max: 50 }),
    text: fc
      .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
      .filter((text) => text.trim() !== '' && text.isWellFormed()),
  }),
  { minLength: 5, maxLength: 25 },
);

const STAGES = ['blocked', 'failed', 'cancelled', 'archived', 'superseded', 'review', 'ready', 'draft'];
const TYPES = ['completion', 'data', 'approval'];

type Call = readonly [tool: string, args: Body];
type Named = Step & Readonly<{ id: string; another: string }>;

const CALLS: Readonly<Record<Step['kind'], (step: Named) => Call>> = {
  task: ({ text, other }) => [
    'create_generic_task',
    { task_type: 'feature', stage: other % 3 === 0 ? 'draft' : 'ready', attributes: { title: text } },
  ],
  subtask: ({ id, text, one }) => [
    'create_generic_task',
    { task_type: 'feature', stage: 'ready', parent_task_id: id, attributes: { title: text, free: { nested: [one] } } },
  ],
  edge: ({ id, another, one, text }) => [
    'manage_dependencies',
    {
      task_id: id,
      dependencies: [{ dependency_task_id: another, dependency_type: TYPES[one % 3], description: text }],
    },
  ],
  complete: ({ id, text }) => ['complete_subtask', completion(id, { summary: text, detailed_work: `${text}\u0000` })],
  begin: ({ id }) => ['execute_subtask', { task_id: id }],
  move: ({ id, other }) => ['manage_lifecycle', { task_id: id, lifecycle_stage: STAGES[other % STAGES.length] }],
  note: ({ id, one, text }) => ['add_note', { ...(one % 4 !== 0 && { task_id: id }), text, kind: 'decision' }],
  edit: ({ id, text }) => [
    'update_task',
    { task_id: id, acceptance_criteria: [text], due_date: '2026-05-01', priority: 'low' },
  ],
};

/** A world in which somebody tried all that; what was refused did not happen. */
async function live(server: TestOrchestrator, steps: readonly Step[]): Promise<void> {
  const ids: string[] = [];
  const idAt = (place: number) => ids[place % Math.max(1, ids.length)] ?? 'task_00000000';
  for (const step of steps) {
    const [tool, args] = CALLS[step.kind]({ ...step, id: idAt(step.one), another: idAt(step.other) });
    const reply = await server.call(tool, args).catch(() => undefined);
    if (tool === 'create_generic_task' && reply !== undefined) ids.push(String(reply.task_id));
  }
}

/** What an import changes on purpose: nobody works on anything, and sessions are over. */
const settled = (lines: readonly Body[]) =>
  lines
    .filter(({ kind }) => kind !== 'session' && kind !== 'end')
    .map((line) => {
      const hasChildren = lines.some(({ parent_task_id }) => parent_task_id === line.task_id);
      return line.kind === 'task' && line.lifecycle_stage === 'active' && !hasChildren
        ? { ...line, lifecycle_stage: 'ready' }
        : line;
    })
    .map((line) => JSON.stringify(line))
    .toSorted();

const titleOf = new Map<string, string>();

test.each(['world.jsonl', 'world', 'world.tar.gz'])(
  'a world comes through an export and an import as it was: %s',
  async (to) => {
    await fc.assert(
      fc.asyncProperty(someSteps, async (steps) => {
        await using server = await aServer();
        await live(server, steps);
        await server.call('export_workflow', { to });
        await using other = await aServer();
        await bring(server, to, other);

        const { tasks, ...reply } = await other.call('import_workflow', { from: to });

        expect({ ...tasks, renewed: reply.ids_renewed, left_out: reply.left_out }).toMatchObject({
          conflicts: 0,
          renewed: 0,
          left_out: [],
        });
        expect(settled(await linesOf(other))).toEqual(settled(await linesOf(server)));
        expect(await findings(other)).toEqual([]);
        const again = await other.call('import_workflow', { from: to });
        expect(again).toMatchObject({
          tasks: { added: 0, updated: 0 },
          dependencies_added: 0,
          artifacts_added: 0,
          notes_added: 0,
        });
      }),
      { numRuns: 8 },
    );
  },
);

/** A world without the names of its tasks: how many of each kind, and what hangs on what by title and stage. */
function shapeOf(lines: readonly Body[]): readonly string[] {
  titleOf.clear();
  for (const { kind, task_id, title, created_at } of lines)
    if (kind === 'task') titleOf.set(task_id, `${title} ${created_at}`);
  const name = (id: string | undefined) => titleOf.get(id ?? '') ?? '';
  return settled(lines)
    .map((line) => JSON.parse(line))
    .filter(({ kind, task_id }) => kind !== 'note' || task_id !== undefined)
    .map(({ task_id, parent_task_id, dependency_task_id, artifact_id: _, superseded_by: __, ...line }) =>
      JSON.stringify({ ...line, of: name(task_id), under: name(parent_task_id), after: name(dependency_task_id) }),
    )
    .toSorted();
}

test('a copy under fresh ids has the shape of what it is a copy of', async () => {
  await fc.assert(
    fc.asyncProperty(someSteps, async (steps) => {
      await using server = await aServer();
      await live(server, steps);
      await server.call('export_workflow', { to: 'world.tar.gz' });
      const before = shapeOf(await linesOf(server));
      await using other = await aServer();
      await bring(server, 'world.tar.gz', other);
      await other.call('import_workflow', { from: 'world.tar.gz' });

      await other.call('import_workflow', { from: 'world.tar.gz', into: 'fresh' });

      const both = shapeOf(await linesOf(other));
      expect(both).toEqual([...before, ...before].toSorted());
      expect(await findings(other)).toEqual([]);
    }),
    { numRuns: 8 },
  );
});

const idOf = (number: number) => `task_${String(number).padStart(8, '0')}`;
const momentOf = (day: number) => new Date(Date.UTC(2026, 0, day)).toISOString();

const someCopies = fc.array(
  fc.record({ version: fc.integer({ min: 1, max: 3 }), day: fc.integer({ min: 1, max: 3 }) }),
  { minLength: 6, maxLength: 6 },
);
type Copies = ReadonlyArray<Readonly<{ version: number; day: number }>>;

const linesOfCopies = (copies: Copies, where: string) =>
  copies.map(({ version, day }, number) =>
    aTaskLine(idOf(number), { version, updated_at: momentOf(day), title: `${where} ${version} ${day}` }),
  );

/** The title that a task has in the end where the one copy came before the other, and whether that is told as a conflict. */
function mergedOf(first: Copies, second: Copies, names: readonly [string, string]) {
  return first.map((here, number) => {
    const there = second[number] ?? here;
    const merging = mergeByVersion(
      { version: here.version, updatedAt: here.day },
      { version: there.version, updatedAt: there.day },
    );
    const [{ version, day }, name] = merging === 'update' ? [there, names[1]] : [here, names[0]];
    return { title: `${name} ${version} ${day}`, isConflict: merging === 'conflict' };
  });
}

test('of two stores that went on apart the newest rows remain, whichever comes first; what is newest in neither is told', async () => {
  await fc.assert(
    fc.asyncProperty(someCopies, someCopies, async (one, other) => {
      for (const [names, first, second] of [
        [['one', 'other'], one, other],
        [['other', 'one'], other, one],
      ] as const) {
        await using server = await aServer();
        await importLines(server, linesOfCopies(first, names[0]));

        const { conflicts } = await importLines(server, linesOfCopies(second, names[1]));

        const merged = mergedOf(first, second, [names[0], names[1]]);
        const tasks = (await linesOf(server)).filter(({ kind }) => kind === 'task');
        expect(tasks.map(({ title }) => title)).toEqual(merged.map(({ title }) => title));
        const told = merged.flatMap(({ isConflict }, number) => (isConflict ? [idOf(number)] : []));
        expect(conflicts.map(({ task_id }: Body) => task_id)).toEqual(told);
      }
    }),
    { numRuns: 10 },
  );
});

const someLines = fc
  .record({
    tasks: fc.array(
      fc.record({
        stage: fc.constantFrom(...ALL_STAGES),
        before: fc.constantFrom(...ALL_STAGES),
        parent: fc.option(fc.nat({ max: 7 })),
        type: fc.constantFrom('feature', 'feature', 'plan', 'approval'),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    edges: fc.uniqueArray(
      fc.record({
        one: fc.nat({ max: 7 }),
        other: fc.nat({ max: 7 }),
        type: fc.constantFrom(...TYPES),
        verdict: fc.constantFrom(undefined, undefined, 'approved', 'rejected', 'waived'),
      }),
      { maxLength: 6, selector: ({ one, other, type }) => `${one} ${other} ${type}` },
    ),
    works: fc.array(fc.nat({ max: 7 }), { maxLength: 3 }),
  })
  .map(({ tasks, edges, works }) => {
    const isThere = (number: number) => number < tasks.length;
    return [
      ...tasks.map(({ stage, before, parent, type }, number) =>
        aTaskLine(idOf(number), {
          task_type: type,
          lifecycle_stage: stage,
          ...(stage === 'archived' && { archived_from: before }),
          ...(parent !== null && isThere(parent) && parent !== number && { parent_task_id: idOf(parent) }),
        }),
      ),
      ...edges
        .filter(({ one, other }) => isThere(one) && isThere(other) && one !== other)
        .map(({ one, other, type, verdict }) =>
          anEdgeLine(idOf(one), idOf(other), { dependency_type: type, ...(verdict && { verdict }) }),
        ),
      ...works.filter(isThere).map((number, index) => ({
        kind: 'artifact',
        artifact_id: `artifact_0000000${index}`,
        task_id: idOf(number),
        summary: 'Done',
        created_at: momentOf(1),
        detailed_work: 'All of it',
      })),
    ];
  });

test('whatever a file made by hand says, the store is sound after it, as the dry run told, and a repeat adds nothing', async () => {
  await fc.assert(
    fc.asyncProperty(someLines, async (lines) => {
      await using server = await aServer();
      await put(server, 'given.jsonl', exportOf(lines));
      const bringIn = (more: Body = {}) =>
        server.call('import_workflow', { from: 'given.jsonl', ...more }).catch((error: unknown) => {
          if (error instanceof OrchestratorError && error.code !== 'internal') return undefined;
          throw error;
        });

      const tried = await bringIn({ dry_run: true });
      const reply = await bringIn();
      const again = await bringIn();

      expect(await findings(server)).toEqual([]);
      expect({ ...tried, imported: undefined, dry_run: undefined }).toEqual({ ...reply, imported: undefined });
      if (reply !== undefined) {
        expect(again).toMatchObject({ tasks: { added: 0, updated: 0, conflicts: 0 }, dependencies_added: 0 });
      }
    }),
    { numRuns: 60 },
  );
});

test('a file that is cut off anywhere is refused, unless only its last line break is missing', async () => {
  await using server = await aServer();
  const whole = Buffer.from(
    exportOf([aTaskLine(idOf(1), { title: 'Ü' }), aTaskLine(idOf(2)), anEdgeLine(idOf(2), idOf(1))]),
  );
  for (let length = 0; length < whole.length - 1; length += 3) {
    await put(server, 'cut.jsonl', whole.subarray(0, length));
    expect(await server.refused('import_workflow', { from: 'cut.jsonl' }), `${length}`).toMatchObject({
      code: 'invalid',
    });
  }
  await put(server, 'cut.jsonl', whole.subarray(0, -1));

  expect(await server.call('import_workflow', { from: 'cut.jsonl' })).toMatchObject({ tasks: { added: 2 } });
});

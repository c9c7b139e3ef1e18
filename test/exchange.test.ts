import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aServer, bring, findings, linesOf } from './exchange.ts';
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

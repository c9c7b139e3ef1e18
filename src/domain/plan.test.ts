import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aTask } from '../../test/store-contract/given.ts';
import { isUnmet, judge } from './dependencies.ts';
import { OrchestratorError } from './errors.ts';
import { STAGES } from './lifecycle.ts';
import {
  drawUp,
  inWords,
  link,
  type PlanRequest,
  parallelGroups,
  type SubtaskDraft,
  unknownDependency,
  warnings,
} from './plan.ts';
import { isActionable } from './readiness.ts';
import { LIMITS, type Task } from './task.ts';

const aDraft = (
  title: string,
  dependencies: readonly string[] = [],
  more: Partial<SubtaskDraft> = {},
): SubtaskDraft => ({
  title,
  description: `Do ${title}`,
  specialist: 'implementer',
  dependencies,
  effort: undefined,
  acceptanceCriteria: [],
  priority: 'medium',
  type: 'specialist_task',
  attributes: {},
  ...more,
});

function refusal(drafts: readonly SubtaskDraft[]): OrchestratorError {
  try {
    link(drafts);
  } catch (error) {
    if (error instanceof OrchestratorError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** Which subtasks need which, by place; `seed` decides whether a title or another spelling of it is used. */
const needs = fc.array(fc.array(fc.nat({ max: 9 }), { maxLength: 3 }), { minLength: 1, maxLength: 10 });
const spelt = (title: string, seed: number) => (seed % 2 === 0 ? title : ` ${title.toUpperCase()} `);

/** Plans without a circle: each needs only earlier ones, and tasks outside the plan. */
const plans = fc
  .array(
    fc.record({
      inside: fc.array(fc.nat(), { maxLength: 3 }),
      outside: fc.array(fc.nat({ max: 3 }), { maxLength: 2 }),
    }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((rows) =>
    rows.map(({ inside, outside }, place) =>
      aDraft(`Part ${place}`, [
        ...(place === 0 ? [] : inside.map((need) => spelt(`Part ${need % place}`, need))),
        ...outside.map((other) => `task_outside${other}`),
      ]),
    ),
  );
const outsideTasks = fc
  .array(fc.constantFrom(...STAGES), { minLength: 4, maxLength: 4 })
  .map(
    (stages) =>
      new Map(stages.map((stage, place) => [`task_outside${place}`, aTask({ id: `task_outside${place}`, stage })])),
  );

const request = (drafts: readonly SubtaskDraft[], more: Partial<PlanRequest> = {}): PlanRequest => ({
  description: 'Build it\nwell',
  priority: 'medium',
  context: undefined,
  complexity: 'moderate',
  parentId: undefined,
  gatesAbove: 0,
  drafts,
  links: link(drafts),
  outside: new Map(),
  ids: { plan: 'task_plan', subtasks: drafts.map((_, place) => `implementer_${place}`) },
  sessionId: 'session_a',
  at: 77,
  ...more,
});

describe('the dependencies of a plan are linked', () => {
  test('to subtasks by title, whatever its case and outer spaces, and to tasks outside by what is left', () => {
    const links = link([aDraft('Design It'), aDraft('Build', [' design it ', ' task_x ', 'DESIGN IT'])]);

    expect(links).toEqual([
      { inside: [], outside: [] },
      { inside: [0], outside: ['task_x'] },
    ]);
  });

  test('or the plan is refused, exactly when one waits for itself, directly or round about', () => {
    fc.assert(
      fc.property(needs, (rows) => {
        const drafts = rows.map((row, place) =>
          aDraft(
            `T${place}`,
            row.map((need) => spelt(`T${need % rows.length}`, need)),
          ),
        );
        const graph = rows.map((row) => row.map((need) => need % rows.length));
        const reaches = (from: number) => {
          const seen = new Set(graph[from]);
          for (const one of seen) for (const next of graph[one] ?? []) seen.add(next);
          return seen.has(from);
        };

        const isCircular = graph.some((_, place) => reaches(place));
        if (isCircular) expect(refusal(drafts).code).toBe('invalid');
        else expect(link(drafts).map(({ inside }) => new Set(inside))).toEqual(graph.map((row) => new Set(row)));
      }),
      { numRuns: 500 },
    );
  });

  test('and a circle is told with a whole way round, each step of which was asked for', () => {
    fc.assert(
      fc.property(needs, (rows) => {
        const drafts = rows.map((row, place) =>
          aDraft(
            `T${place}`,
            row.filter((need) => need % rows.length !== place).map((need) => `T${need % rows.length}`),
          ),
        );
        const outcome = (() => {
          try {
            return link(drafts);
          } catch (error) {
            return error;
          }
        })();
        fc.pre(outcome instanceof OrchestratorError);

        const { cycle_path: told } = outcome.details;
        const path: readonly unknown[] = Array.isArray(told) ? told : [];
        expect(path.at(0)).toBe(path.at(-1));
        expect(path.length).toBeGreaterThan(2);
        for (const [place, title] of path.slice(0, -1).entries()) {
          expect(drafts.find((draft) => draft.title === title)?.dependencies).toContain(path[place + 1]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a plan is refused, naming what is wrong', () => {
  test.each<[string, readonly SubtaskDraft[], string]>([
    ['no subtasks', [], 'subtasks_json holds no subtasks'],
    [
      'too many',
      Array.from({ length: LIMITS.subtasks + 1 }, (_, place) => aDraft(`T${place}`)),
      'A plan has at most 500 subtasks; 501 were given',
    ],
    ['a repeated title', [aDraft('Same'), aDraft(' SAME')], 'Two subtasks are titled " SAME"'],
    ['a subtask that waits for itself', [aDraft('a', [' A '])], 'Subtask "a" depends on itself'],
    [
      'two that wait for each other',
      [aDraft('a', ['b']), aDraft('b', ['a'])],
      'The subtasks wait for each other in a circle: "a" waits for "b" waits for "a"',
    ],
  ])('%s', (_, drafts, message) => {
    expect(refusal(drafts)).toMatchObject({ code: 'invalid', message });
  });

  test('a name that is neither a title nor a task, with the titles and the one that was probably meant', () => {
    const drafts = [aDraft('Design'), aDraft('Build', ['Desing'])];

    expect(unknownDependency(drafts, 1, 'Desing')).toMatchObject({
      code: 'invalid',
      message: 'Subtask "Build" depends on "Desing", which is no title of this plan and no task',
      details: { did_you_mean: ['Design'], titles: ['Design'] },
    });
  });

  test('a long title is cut where it is named', () => {
    expect(refusal([aDraft('x'.repeat(500), ['x'.repeat(500)])]).message.length).toBeLessThan(200);
  });
});

describe('a plan that is drawn up', () => {
  test('gives its tasks the standing that walking everything would give them', () => {
    fc.assert(
      fc.property(plans, outsideTasks, fc.nat({ max: 2 }), (drafts, outside, gatesAbove) => {
        const { plan, subtasks, edges } = drawUp(request(drafts, { outside, gatesAbove }));

        for (const task of subtasks) {
          const own = edges.filter((edge) => edge.taskId === task.id);
          const waiting = new Set(edges.filter((edge) => edge.prerequisiteId === task.id).map((edge) => edge.taskId));
          const standing = {
            children: 0,
            openChildren: 0,
            completedChildren: 0,
            leaves: 0,
            completedLeaves: 0,
            unmet: own.filter((edge) => isUnmet(edge.status)).length,
            failed: own.filter((edge) => edge.status === 'failed').length,
            gatesAbove,
            waiters: waiting.size,
          };
          const actionableSince = isActionable({ ...task, standing }) ? 77 : undefined;
          expect(task.standing).toEqual({ ...standing, actionableSince });
        }
        expect(plan.standing).toMatchObject({
          children: drafts.length,
          openChildren: drafts.length,
          leaves: drafts.length,
          completedLeaves: 0,
          gatesAbove,
          actionableSince: undefined,
        });
      }),
      { numRuns: 300 },
    );
  });

  test('has an edge for each dependency, once, judged by its prerequisite as it stands', () => {
    fc.assert(
      fc.property(plans, outsideTasks, (drafts, outside) => {
        const { edges } = drawUp(request(drafts, { outside }));

        const keys = edges.map(({ taskId, prerequisiteId }) => `${taskId} ${prerequisiteId}`);
        const links = link(drafts);
        const expected = links.flatMap(({ inside, outside: others }, place) => [
          ...inside.map((other) => `implementer_${place} implementer_${other}`),
          ...others.map((other) => `implementer_${place} ${other}`),
        ]);
        expect(keys).toEqual(expected);
        expect(new Set(keys).size).toBe(keys.length);
        for (const edge of edges) {
          const task = outside.get(edge.prerequisiteId);
          const status = task === undefined ? 'pending' : judge(edge, { task, isDeleted: false, artifactTypes: [] });
          expect(edge).toMatchObject({ type: 'completion', status, verdict: undefined });
        }
      }),
    );
  });

  test('makes ready tasks below a plan that is named by its description', () => {
    const { plan, subtasks } = drawUp(request([aDraft('a', [], { priority: 'high', effort: 'low', type: 'bug' })]));

    expect(plan).toMatchObject({ id: 'task_plan', type: 'plan', title: 'Build it', stage: 'ready', createdAt: 77 });
    expect(subtasks).toMatchObject([
      {
        parentId: 'task_plan',
        title: 'a',
        stage: 'ready',
        priority: 'high',
        effort: 'low',
        type: 'bug',
        sessionId: 'session_a',
      },
    ]);
  });

  test('never offers an approval', () => {
    const { subtasks } = drawUp(request([aDraft('gate', [], { type: 'approval' })]));

    expect(subtasks[0]?.standing.actionableSince).toBeUndefined();
  });
});

describe('the groups that can run at once', () => {
  test('hold each subtask once, after all that it waits for', () => {
    fc.assert(
      fc.property(plans, (drafts) => {
        const { subtasks, edges } = drawUp(request(drafts));

        const groups = parallelGroups(subtasks, edges);

        expect(groups.flat().toSorted()).toEqual(subtasks.map(({ id }) => id).toSorted());
        const groupOf = (id: string) => groups.findIndex((group) => group.includes(id));
        for (const { taskId, prerequisiteId } of edges) expect(groupOf(prerequisiteId)).toBeLessThan(groupOf(taskId));
      }),
    );
  });
});

describe('edges in words', () => {
  test('name titles, cut, and ids where there is no title', () => {
    const { subtasks, edges } = drawUp(request([aDraft('x'.repeat(200)), aDraft('b', ['x'.repeat(200), 'task_far'])]));

    expect(inWords(edges, subtasks)).toEqual([
      `b waits for ${'x'.repeat(79)}… to be completed`,
      'b waits for task_far to be completed',
    ]);
  });
});

describe('warnings', () => {
  const about = (drafts: readonly SubtaskDraft[], outside: readonly Task[] = []) =>
    warnings({ drafts, outside: new Map(outside.map((task) => [task.id, task])) });

  test('there are none for a plan of three to eight that says what is to be done', () => {
    expect(about(Array.from({ length: 8 }, (_, place) => aDraft(`T${place}`)))).toEqual([]);
  });

  test('tell of more than eight subtasks', () => {
    expect(about(Array.from({ length: 9 }, (_, place) => aDraft(`T${place}`)))).toEqual([
      expect.stringContaining('9 subtasks'),
    ]);
  });

  test('tell of what can never be met as things stand', () => {
    expect(about([aDraft('a', ['task_x'])], [aTask({ id: 'task_x', stage: 'cancelled' })])).toEqual([
      expect.stringContaining('task_x is cancelled'),
    ]);
  });

  test('tell nothing of a prerequisite that was completed before it was archived', () => {
    expect(about([aDraft('a')], [aTask({ id: 'task_x', stage: 'archived', archivedFrom: 'completed' })])).toEqual([]);
  });

  test('tell of subtasks that do not say what is to be done', () => {
    expect(about([aDraft('a', [], { description: ' ' })])).toEqual(['Without a description: "a"']);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aTask } from '../../test/store-contract/given.ts';
import { OrchestratorError } from './errors.ts';
import {
  endedAs,
  isEnded,
  isOpen,
  openStages,
  STAGES,
  STATUS,
  STATUSES,
  type Stage,
  stagesTo,
  transition,
} from './lifecycle.ts';

/** The table of the contract, as it stands there. */
const TABLE: Readonly<Record<Stage, readonly Stage[]>> = {
  draft: ['ready', 'active', 'cancelled', 'superseded', 'archived'],
  ready: ['draft', 'active', 'blocked', 'cancelled', 'superseded', 'archived'],
  active: ['ready', 'blocked', 'review', 'completed', 'failed', 'cancelled', 'superseded', 'archived'],
  blocked: ['ready', 'active', 'failed', 'cancelled', 'superseded', 'archived'],
  review: ['ready', 'active', 'completed', 'failed', 'cancelled', 'archived'],
  completed: ['ready', 'archived', 'superseded'],
  failed: ['ready', 'archived', 'superseded'],
  cancelled: ['ready', 'archived', 'superseded'],
  archived: [],
  superseded: [],
};

const PAIRS = STAGES.flatMap((from) => STAGES.map((to) => [from, to] as const));
const stage = fc.constantFrom(...STAGES);
const leaf = (from: Stage) => aTask({ id: 'task_a', stage: from });
const parent = (from: Stage) => aTask({ id: 'task_a', stage: from, standing: { children: 2 } });

const isRefused = (work: () => unknown) => {
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof OrchestratorError && error.code === 'refused') return true;
    throw error;
  }
};

describe('the table of stages', () => {
  test.each(PAIRS)('a leaf goes from %s to %s if the contract says so', (from, to) => {
    expect(isRefused(() => transition(leaf(from), { to, at: 1 }))).toBe(!TABLE[from].includes(to));
  });

  test.each(PAIRS)('a parent goes from %s to %s alike, but is reopened as active', (from, to) => {
    const isAllowed = from === 'completed' && isOpen(to) ? to === 'active' : TABLE[from].includes(to);

    expect(isRefused(() => transition(parent(from), { to, at: 1 }))).toBe(!isAllowed);
  });

  test('a refusal names the task, its stage and what is open to it', () => {
    const refuse = () => transition(leaf('failed'), { to: 'active', at: 1 });

    expect(refuse).toThrow('Task task_a is failed and cannot become active');
    try {
      refuse();
    } catch (error) {
      expect(error).toMatchObject({
        details: { lifecycle_stage: 'failed', open_stages: ['ready', 'archived', 'superseded'] },
        suggestion: expect.stringContaining('ready, archived, superseded'),
      });
    }
  });

  test('a refusal for an archived task names how it comes back', () => {
    expect(() => transition(leaf('archived'), { to: 'ready', at: 1 })).toThrow(
      expect.objectContaining({ suggestion: expect.stringContaining('orchestrator_restore_task') }),
    );
  });
});

describe('the status of a stage', () => {
  test('is what the contract says', () => {
    expect(STATUS).toEqual({
      draft: 'pending',
      ready: 'pending',
      active: 'active',
      review: 'active',
      blocked: 'blocked',
      completed: 'completed',
      failed: 'failed',
      cancelled: 'cancelled',
      archived: 'archived',
      superseded: 'archived',
    });
  });

  test('is one of seven', () => {
    expect(STATUSES.toSorted()).toEqual(
      ['active', 'archived', 'blocked', 'cancelled', 'completed', 'failed', 'pending'].toSorted(),
    );
  });

  test('a stage is open or ended, and not both', () => {
    for (const one of STAGES) expect(isOpen(one)).toBe(!isEnded(one));
    expect(STAGES.filter(isEnded)).toEqual(['completed', 'failed', 'cancelled', 'archived', 'superseded']);
  });
});

describe('the events of a move', () => {
  test('tell the change of stage, and that of the status exactly when it changed', () => {
    fc.assert(
      fc.property(stage, stage, fc.boolean(), (from, to, isParent) => {
        const task = isParent ? parent(from) : leaf(from);
        fc.pre(openStages(task).includes(to));

        const { events } = transition(task, { to, at: 5 });

        const changed = { type: 'task.lifecycle_changed', taskId: 'task_a', details: { from, to } };
        const status = { from: STATUS[from], to: STATUS[to] };
        const statusChanged = { type: 'task.status_changed', taskId: 'task_a', details: status };
        expect(events).toEqual(status.from === status.to ? [changed] : [changed, statusChanged]);
      }),
    );
  });

  test('carry the note', () => {
    const { events } = transition(leaf('ready'), { to: 'blocked', at: 1, note: 'No access' });

    expect(events[0]?.details).toEqual({ from: 'ready', to: 'blocked', note: 'No access' });
  });
});

describe('along any way of moves', () => {
  /** Ways that the table allows, as far as they go. */
  const ways = fc.array(fc.nat(), { maxLength: 12 }).map((choices) => {
    let task = aTask({ id: 'task_a', stage: 'draft', createdAt: 0, updatedAt: 0 });
    const steps = [{ task, at: 0 }];
    for (const [place, choice] of choices.entries()) {
      const open = openStages(task);
      const to = open[choice % open.length];
      if (to === undefined) break;
      task = transition(task, { to, at: place + 1 }).task;
      steps.push({ task, at: place + 1 });
    }
    return steps;
  });

  test('the first start is kept', () => {
    fc.assert(
      fc.property(ways, (steps) => {
        const first = steps.find(({ task }) => task.stage === 'active');

        expect(steps.at(-1)?.task.startedAt).toBe(first?.at);
      }),
    );
  });

  test('the time of completion is that of the last completion, and none while it is open', () => {
    fc.assert(
      fc.property(ways, (steps) => {
        const last = steps.at(-1)?.task;
        const completed = steps.findLast(({ task }) => task.stage === 'completed');
        const reopened = steps.findLast(({ task }) => isOpen(task.stage));

        const stands = completed !== undefined && completed.at > (reopened?.at ?? -1);
        expect(last?.completedAt).toBe(stands ? completed.at : undefined);
      }),
    );
  });

  test('an archived task counts as what it was before', () => {
    fc.assert(
      fc.property(ways, (steps) => {
        const [before, last] = steps.slice(-2).map(({ task }) => task);
        fc.pre(last !== undefined && before !== undefined);
        const isAway = last.stage === 'archived' || last.stage === 'superseded';

        expect(endedAs(last)).toBe(isAway ? endedAs(before) : last.stage);
      }),
    );
  });

  test('a move changes nothing but what follows from the stage', () => {
    fc.assert(
      fc.property(ways, (steps) => {
        const {
          stage: _,
          startedAt,
          completedAt,
          archivedFrom,
          updatedAt,
          ...rest
        } = steps.at(-1)?.task ?? leaf('draft');
        const {
          stage: __,
          startedAt: a,
          completedAt: b,
          archivedFrom: c,
          updatedAt: d,
          ...first
        } = steps[0]?.task ?? leaf('draft');

        expect(rest).toEqual(first);
        expect([startedAt, completedAt, archivedFrom, updatedAt, a, b, c, d]).toHaveLength(8);
      }),
    );
  });
});

describe('the way to a stage', () => {
  test.each<[from: Stage, to: Stage, way: readonly Stage[] | undefined]>([
    ['blocked', 'completed', ['active', 'completed']],
    ['ready', 'completed', ['active', 'completed']],
    ['completed', 'cancelled', ['ready', 'cancelled']],
    ['ready', 'ready', []],
    ['archived', 'ready', undefined],
  ])('from %s to %s', (from, to, way) => {
    expect(stagesTo(leaf(from), to)).toEqual(way);
  });

  test('is one that every step of is allowed, and passes no end on the way', () => {
    for (const from of STAGES)
      for (const to of STAGES) {
        const way = stagesTo(leaf(from), to) ?? [];
        way.reduce((task, stage) => transition(task, { to: stage, at: 1 }).task, leaf(from));
        expect(way.slice(0, -1).every(isOpen)).toBe(true);
      }
  });
});

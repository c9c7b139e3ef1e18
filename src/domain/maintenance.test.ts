import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isEnded, STAGES, type Stage } from './lifecycle.ts';
import { DAY_MS, HOUR_MS, LEVELS, reaches, type Thresholds, type UpkeepFacts, upkeepOf } from './maintenance.ts';
import { NEW_STANDING } from './task.ts';

const AT = Date.UTC(2026, 6, 1);

const THRESHOLDS: Thresholds = {
  retentionDays: { completed: 90, failed: 60, cancelled: 30 },
  trashDays: 30,
  orphanFileDays: 7,
  staleHours: { researcher: 12, architect: 72 },
  staleHoursOtherwise: 24,
};

type Given = Partial<Omit<UpkeepFacts, 'task'>> & Readonly<{ task?: Partial<UpkeepFacts['task']> }>;

const judged = ({ task, ...facts }: Given) =>
  upkeepOf(
    {
      task: {
        stage: 'ready',
        type: 'specialist_task',
        specialist: undefined,
        startedAt: 1,
        completedAt: undefined,
        updatedAt: AT,
        standing: NEW_STANDING,
        ...task,
      },
      lastActivityAt: AT,
      isHeld: false,
      isAwaited: false,
      ...facts,
    },
    { thresholds: THRESHOLDS, at: AT },
  )?.verdict;

const idle = (hours: number) => ({ lastActivityAt: AT - hours * HOUR_MS });

describe('the upkeep of open tasks', () => {
  test.each([
    ['researcher', 12],
    ['architect', 72],
    ['somebody else', 24],
    [undefined, 24],
    ['toString', 24],
  ])('a task of %s is stale after %d hours without activity', (specialist, hours) => {
    expect(judged({ ...idle(hours), task: { specialist } })).toBe('stale');
    expect(judged({ ...idle(hours - 0.01), task: { specialist } })).toBeUndefined();
  });

  test('the reason says for how long', () => {
    const task = { stage: 'active', type: '', specialist: undefined, startedAt: 1, completedAt: undefined } as const;
    const facts = { task: { ...task, updatedAt: 0, standing: NEW_STANDING }, isHeld: false, isAwaited: false };

    const upkeep = upkeepOf({ ...facts, ...idle(36.25) }, { thresholds: THRESHOLDS, at: AT });

    expect(upkeep?.reason).toBe('Task stale for 36.2 hours');
  });

  test('a task that somebody works on is not stale', () => {
    expect(judged({ ...idle(1000), isHeld: true })).toBeUndefined();
  });

  test('a stale task that others wait for is left to people', () => {
    expect(judged({ ...idle(1000), isAwaited: true })).toBe('awaited');
  });

  test('a task that nobody began is only pointed out, and not while it waits itself', () => {
    const never = { startedAt: undefined };

    expect(judged({ ...idle(1000), task: never })).toBe('unstarted');
    expect(judged({ ...idle(1000), task: { ...never, standing: { ...NEW_STANDING, unmet: 1 } } })).toBeUndefined();
    expect(judged({ ...idle(1000), task: { ...never, standing: { ...NEW_STANDING, gatesAbove: 1 } } })).toBeUndefined();
  });

  test('parents and approvals are never stale', () => {
    expect(judged({ ...idle(1000), task: { standing: { ...NEW_STANDING, children: 1 } } })).toBeUndefined();
    expect(judged({ ...idle(1000), task: { type: 'approval' } })).toBeUndefined();
  });
});

describe('the upkeep of ended tasks', () => {
  test.each([
    ['completed', 90],
    ['failed', 60],
    ['cancelled', 30],
  ] as const)('a %s task is kept for %d days', (stage, days) => {
    const ended = (ago: number) => ({ task: { stage, updatedAt: AT - ago } });

    expect(judged(ended(days * DAY_MS))).toBeUndefined();
    expect(judged(ended(days * DAY_MS + 1))).toBe('expired');
  });

  test('what a completed task was edited for afterwards does not keep it', () => {
    expect(judged({ task: { stage: 'completed', completedAt: AT - 91 * DAY_MS, updatedAt: AT } })).toBe('expired');
  });

  test('one that others are stuck behind is left to people, one that was completed is not', () => {
    const old = { updatedAt: AT - 1000 * DAY_MS };

    expect(judged({ task: { stage: 'failed', ...old }, isAwaited: true })).toBe('awaited');
    expect(judged({ task: { stage: 'completed', ...old }, isAwaited: true })).toBe('expired');
  });

  test('what is archived or superseded stays as it is', () => {
    for (const stage of ['archived', 'superseded'] as const)
      expect(judged({ task: { stage, updatedAt: 0 } })).toBeUndefined();
  });
});

/** The rules once more, as a table: the first row that applies says what is to be done. */
function oracle({ task, lastActivityAt, isHeld, isAwaited }: UpkeepFacts): string | undefined {
  const { stage, standing, type, startedAt, specialist, completedAt, updatedAt } = task;
  const kept = new Map<Stage, number>([
    ['completed', 90],
    ['failed', 60],
    ['cancelled', 30],
  ]).get(stage);
  const isOver = kept !== undefined && AT > (completedAt ?? updatedAt) + kept * DAY_MS;
  const hours = new Map([
    ['researcher', 12],
    ['architect', 72],
  ]).get(specialist ?? '');
  const isIdle = AT >= lastActivityAt + (hours ?? 24) * HOUR_MS;
  const rows: readonly (readonly [boolean, string | undefined])[] = [
    [isOver && isAwaited && stage !== 'completed', 'awaited'],
    [isOver, 'expired'],
    [isEnded(stage) || !isIdle || isHeld || type === 'approval' || standing.children > 0, undefined],
    [startedAt !== undefined && isAwaited, 'awaited'],
    [startedAt !== undefined, 'stale'],
    [standing.unmet === 0 && standing.gatesAbove === 0, 'unstarted'],
  ];
  return rows.find(([applies]) => applies)?.[1];
}

test('every combination is judged as the sentences of the contract say', () => {
  const moment = fc.oneof(
    fc.integer({ min: AT - 100 * DAY_MS, max: AT }),
    fc.constantFrom(AT - 30 * DAY_MS, AT - DAY_MS),
  );
  const few = fc.constantFrom(0, 0, 1);
  const facts = fc.record({
    task: fc.record({
      stage: fc.constantFrom(...STAGES),
      type: fc.constantFrom('approval', 'specialist_task', 'specialist_task'),
      specialist: fc.constantFrom('researcher', 'architect', 'tester', undefined),
      startedAt: fc.option(moment, { nil: undefined }),
      completedAt: fc.option(moment, { nil: undefined }),
      updatedAt: moment,
      standing: fc
        .record({ children: few, unmet: few, gatesAbove: few })
        .map((counters) => ({ ...NEW_STANDING, ...counters })),
    }),
    lastActivityAt: moment,
    isHeld: fc.boolean(),
    isAwaited: fc.boolean(),
  });

  fc.assert(
    fc.property(facts, (given) => {
      expect(upkeepOf(given, { thresholds: THRESHOLDS, at: AT })?.verdict).toBe(oracle(given));
    }),
    { numRuns: 2000 },
  );
});

test('each level does all that those before it do', () => {
  expect(LEVELS.map((level) => LEVELS.map((least) => reaches(level, least)))).toEqual([
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ]);
});

import fc from 'fast-check';
import type { DependencyType } from '../../src/domain/dependencies.ts';
import type { Stage } from '../../src/domain/lifecycle.ts';

/** A task by its place among those that are there when the operation is played, so that every sequence can be played. */
export type Pick = Readonly<{
  among: 'all' | 'offered' | 'held' | 'parents' | 'waiting' | 'ended' | 'review';
  place: number;
}>;
/** Who calls: the server's own session, a third one that goes to and fro, or whoever holds the task. */
export type Caller = Readonly<{ through: 'A' | 'B'; as: 'own' | 'guest' | 'holder' }>;
export type ClaimShown = 'none' | 'live' | 'ended';

export type Operation =
  | Readonly<{
      kind: 'plan';
      by: Caller;
      parent: Pick | undefined;
      subtasks: readonly PlannedSubtask[];
      isDry: boolean;
      shows: ClaimShown;
    }>
  | Readonly<{
      kind: 'execute';
      by: Caller;
      task: Pick;
      leaseSeconds: number | undefined;
      takeOver: boolean;
      allowUnmet: boolean;
      shows: ClaimShown;
    }>
  | Readonly<{
      kind: 'next';
      by: Caller;
      within: Pick | undefined;
      specialist: string | undefined;
      takes: boolean;
    }>
  | Readonly<{
      kind: 'complete';
      by: Caller;
      task: Pick;
      action: 'continue' | 'complete' | 'needs_revision' | 'blocked';
      isAccepted: boolean;
      shows: ClaimShown;
    }>
  | Readonly<{ kind: 'note'; by: Caller; task: Pick | undefined; shows: ClaimShown }>
  | Readonly<{ kind: 'synthesize'; by: Caller; plan: Pick }>
  | Readonly<{ kind: 'wait'; minutes: number }>
  | Readonly<{ kind: 'restart'; server: 'A' | 'B' }>
  | Readonly<{
      kind: 'create';
      by: Caller;
      parent: Pick | undefined;
      isApproval: boolean;
      stage: 'draft' | 'ready';
      on: readonly Pick[];
      type: DependencyType;
    }>
  | Readonly<{
      kind: 'lifecycle';
      by: Caller;
      task: Pick;
      /** One of the stages that the table allows; from `ANYWHERE` on any stage at all. */
      to: number;
      checks: boolean;
      takeOver: boolean;
      shows: ClaimShown;
    }>
  | Readonly<{ kind: 'link'; by: Caller; task: Pick; on: readonly Pick[]; type: DependencyType; replaces: boolean }>
  | Readonly<{ kind: 'word'; by: Caller; edge: number; word: 'remove' | 'approve' | 'reject' | 'waive' }>
  | Readonly<{
      kind: 'update';
      by: Caller;
      task: Pick;
      parent: Pick | 'top' | undefined;
      priority: number | undefined;
      takeOver: boolean;
      shows: ClaimShown;
    }>
  | Readonly<{ kind: 'restore'; by: Caller; task: Pick }>;
export type PlannedSubtask = Readonly<{
  /** Each leads to an earlier subtask of the plan; from `ANYWHERE` on to any, so that there may be a circle. */
  needs: readonly number[];
  outside: readonly Pick[];
  priority: number;
  specialist: 'implementer' | 'tester';
  isApproval: boolean;
}>;

const often = <T>(usual: T, other: T) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(other) });
const place = fc.nat({ max: 11 });
const pick = fc.record({ among: fc.constantFrom<Pick['among'][]>('all', 'offered', 'held', 'waiting'), place });
const parent = fc.record({ among: fc.constant<Pick['among']>('parents'), place });
const workable = fc.record({ among: fc.constantFrom<Pick['among'][]>('held', 'held', 'offered'), place });
const upForReview = fc.record({ among: fc.constant<Pick['among']>('review'), place });
const ended = fc.record({ among: fc.constant<Pick['among']>('ended'), place });
const caller = fc.record({
  through: fc.constantFrom<('A' | 'B')[]>('A', 'B'),
  as: fc.constantFrom<Caller['as'][]>('own', 'own', 'holder', 'holder', 'holder', 'guest'),
});
const shows = fc.oneof(
  { weight: 10, arbitrary: fc.constant<ClaimShown>('none') },
  { weight: 4, arbitrary: fc.constant<ClaimShown>('live') },
  { weight: 1, arbitrary: fc.constant<ClaimShown>('ended') },
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

export const ANYWHERE = 30;

const subtask: fc.Arbitrary<PlannedSubtask> = fc.record({
  needs: fc.array(fc.nat({ max: ANYWHERE + 1 }), { maxLength: 2 }),
  outside: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(pick, { maxLength: 1 }) },
  ),
  priority: fc.nat({ max: 3 }),
  specialist: fc.constantFrom<PlannedSubtask['specialist'][]>('implementer', 'tester'),
  isApproval: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const tools = {
  plan: fc.record({
    kind: fc.constant('plan' as const),
    by: caller,
    parent: maybe(fc.oneof(pick, parent)),
    subtasks: fc.array(subtask, { minLength: 1, maxLength: 4 }),
    isDry: often(false, true),
    shows,
  }),
  execute: fc.record({
    kind: fc.constant('execute' as const),
    by: caller,
    task: pick,
    leaseSeconds: maybe(fc.constantFrom(60, 3600, 604_800)),
    takeOver: often(false, true),
    allowUnmet: often(false, true),
    shows,
  }),
  next: fc.record({
    kind: fc.constant('next' as const),
    by: caller,
    within: maybe(parent),
    specialist: maybe(fc.constantFrom('implementer', 'tester', 'architect')),
    takes: often(true, false),
  }),
  complete: fc.record({
    kind: fc.constant('complete' as const),
    by: caller,
    task: fc.oneof(pick, workable, workable),
    action: fc.constantFrom(
      'complete' as const,
      'complete' as const,
      'continue' as const,
      'continue' as const,
      'needs_revision' as const,
      'blocked' as const,
    ),
    isAccepted: often(true, false),
    shows,
  }),
  note: fc.record({ kind: fc.constant('note' as const), by: caller, task: maybe(pick), shows }),
  synthesize: fc.record({
    kind: fc.constant('synthesize' as const),
    by: caller,
    plan: fc.oneof(upForReview, upForReview, parent, pick),
  }),
};

const time = {
  wait: fc.record({ kind: fc.constant('wait' as const), minutes: fc.constantFrom(0.5, 1, 10, 60, 240, 1440, 3000) }),
  restart: fc.record({ kind: fc.constant('restart' as const), server: fc.constantFrom<('A' | 'B')[]>('A', 'B') }),
};

export const STAGES: readonly Stage[] = [
  'draft',
  'ready',
  'active',
  'blocked',
  'review',
  'completed',
  'failed',
  'cancelled',
  'archived',
  'superseded',
];

const byHand = {
  create: fc.record({
    kind: fc.constant('create' as const),
    by: caller,
    parent: maybe(fc.oneof(pick, parent)),
    isApproval: often(false, true),
    stage: fc.constantFrom('draft' as const, 'ready' as const),
    on: fc.array(fc.oneof(pick, parent), { maxLength: 2 }),
    type: fc.constantFrom<DependencyType[]>('completion', 'data', 'approval'),
  }),
  lifecycle: fc.record({
    kind: fc.constant('lifecycle' as const),
    by: caller,
    task: fc.oneof(pick, parent, ended),
    to: fc.nat({ max: ANYWHERE + 9 }),
    checks: often(true, false),
    takeOver: fc.boolean(),
    shows,
  }),
  link: fc.record({
    kind: fc.constant('link' as const),
    by: caller,
    task: fc.oneof(pick, parent),
    on: fc.array(fc.oneof(pick, parent, ended), { minLength: 1, maxLength: 2 }),
    type: fc.constantFrom<DependencyType[]>('completion', 'data', 'approval'),
    replaces: often(false, true),
  }),
  word: fc.record({
    kind: fc.constant('word' as const),
    by: caller,
    edge: place,
    word: fc.constantFrom('remove' as const, 'approve' as const, 'reject' as const, 'waive' as const),
  }),
  update: fc.record({
    kind: fc.constant('update' as const),
    by: caller,
    task: fc.oneof(pick, parent, ended),
    parent: fc.oneof(fc.constant(undefined), fc.constant('top' as const), pick, parent, parent),
    priority: maybe(fc.nat({ max: 3 })),
    takeOver: fc.boolean(),
    shows,
  }),
  restore: fc.record({ kind: fc.constant('restore' as const), by: caller, task: fc.oneof(pick, ended, ended) }),
};

const weighted = (weight: number, arbitrary: fc.Arbitrary<Operation>) => ({ weight, arbitrary });

/** The workflow of the reference: agents plan, take, hand in and put together. */
export const workflow: fc.Arbitrary<Operation> = fc.oneof(
  weighted(5, tools.plan),
  weighted(4, tools.execute),
  weighted(5, tools.next),
  weighted(8, tools.complete),
  weighted(2, tools.note),
  weighted(3, tools.synthesize),
  weighted(3, time.wait),
  weighted(1, time.restart),
);

/** Every tool that changes a task, in any order. */
export const anything: fc.Arbitrary<Operation> = fc.oneof(
  weighted(4, tools.plan),
  weighted(2, tools.execute),
  weighted(3, tools.next),
  weighted(5, tools.complete),
  weighted(1, tools.note),
  weighted(2, tools.synthesize),
  weighted(2, time.wait),
  weighted(1, time.restart),
  weighted(4, byHand.create),
  weighted(8, byHand.lifecycle),
  weighted(4, byHand.link),
  weighted(3, byHand.word),
  weighted(4, byHand.update),
  weighted(2, byHand.restore),
);

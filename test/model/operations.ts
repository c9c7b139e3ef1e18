import fc from 'fast-check';
import type { DependencyType, Verdict } from '../../src/domain/dependencies.ts';
import type { Stage } from '../../src/domain/lifecycle.ts';

/** A task by its place among those that are there when the operation is played, so that every sequence can be played. */
export type Pick = Readonly<{ among: 'all' | 'offered' | 'held' | 'parents' | 'waiting'; place: number }>;
/** Who calls: the session of either server, or a third one that goes to and fro between them. */
export type Caller = Readonly<{ through: 'A' | 'B'; asGuest: boolean }>;
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
  | Readonly<{ kind: 'move'; task: Pick; to: Stage }>
  | Readonly<{ kind: 'depend'; task: Pick; on: Pick; type: DependencyType }>
  | Readonly<{ kind: 'judge'; edge: number; verdict: Verdict | undefined }>
  | Readonly<{ kind: 'part'; edge: number }>;
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
const caller = fc.record({ through: fc.constantFrom<('A' | 'B')[]>('A', 'B'), asGuest: often(false, true) });
const shows = fc.oneof(
  { weight: 6, arbitrary: fc.constant<ClaimShown>('none') },
  { weight: 2, arbitrary: fc.constant<ClaimShown>('live') },
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
    task: fc.oneof(pick, fc.record({ among: fc.constantFrom<Pick['among'][]>('held', 'offered'), place })),
    action: fc.constantFrom('complete' as const, 'continue' as const, 'needs_revision' as const, 'blocked' as const),
    isAccepted: often(true, false),
    shows,
  }),
  note: fc.record({ kind: fc.constant('note' as const), by: caller, task: maybe(pick), shows }),
  synthesize: fc.record({ kind: fc.constant('synthesize' as const), by: caller, plan: fc.oneof(parent, parent, pick) }),
};

const time = {
  wait: fc.record({ kind: fc.constant('wait' as const), minutes: fc.constantFrom(0.5, 10, 61, 241, 1441, 3000) }),
  restart: fc.record({ kind: fc.constant('restart' as const), server: fc.constantFrom<('A' | 'B')[]>('A', 'B') }),
};

const STAGES: readonly Stage[] = [
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

const others = {
  move: fc.record({
    kind: fc.constant('move' as const),
    task: fc.oneof(pick, parent),
    to: fc.constantFrom(...STAGES),
  }),
  depend: fc.record({
    kind: fc.constant('depend' as const),
    task: fc.oneof(pick, parent),
    on: fc.oneof(pick, parent),
    type: fc.constantFrom<DependencyType[]>('completion', 'data', 'approval'),
  }),
  judge: fc.record({
    kind: fc.constant('judge' as const),
    edge: place,
    verdict: fc.constantFrom<(Verdict | undefined)[]>('approved', 'rejected', 'waived', undefined),
  }),
  part: fc.record({ kind: fc.constant('part' as const), edge: place }),
};

const weighted = (weight: number, arbitrary: fc.Arbitrary<Operation>) => ({ weight, arbitrary });

/** What agents do, through the tools alone. */
export const byTools: fc.Arbitrary<Operation> = fc.oneof(
  weighted(5, tools.plan),
  weighted(4, tools.execute),
  weighted(5, tools.next),
  weighted(8, tools.complete),
  weighted(2, tools.note),
  weighted(3, tools.synthesize),
  weighted(3, time.wait),
  weighted(1, time.restart),
);

/** The same, with all other changes of stages and edges in between. */
export const byAnyone: fc.Arbitrary<Operation> = fc.oneof(
  weighted(4, tools.plan),
  weighted(2, tools.execute),
  weighted(3, tools.next),
  weighted(4, tools.complete),
  weighted(1, tools.note),
  weighted(2, tools.synthesize),
  weighted(2, time.wait),
  weighted(6, others.move),
  weighted(4, others.depend),
  weighted(2, others.judge),
  weighted(1, others.part),
);

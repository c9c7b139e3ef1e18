import fc from 'fast-check';
import type { DependencyType } from '../../src/domain/dependencies.ts';
import type { Status } from '../../src/domain/lifecycle.ts';
import {
  ANYWHERE,
  type Caller,
  type ClaimShown,
  type Deed,
  type Operation,
  type Pick,
  type PlannedSubtask,
  type Question,
  STAGES,
} from './operations.ts';

const often = <T>(usual: T, other: T) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(other) });
const place = fc.nat({ max: 11 });
const pick = fc.record({ among: fc.constantFrom<Pick['among'][]>('all', 'offered', 'held', 'waiting'), place });
const parent = fc.record({ among: fc.constant<Pick['among']>('parents'), place });
const workable = fc.record({ among: fc.constantFrom<Pick['among'][]>('held', 'held', 'offered'), place });
const upForReview = fc.record({ among: fc.constant<Pick['among']>('review'), place });
const ended = fc.record({ among: fc.constant<Pick['among']>('ended'), place });
const deleted = fc.record({ among: fc.constant<Pick['among']>('deleted'), place });
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
    leaseSeconds: maybe(fc.constantFrom(60, 3600, 604_800)),
    explains: often(false, true),
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
  restore: fc.record({
    kind: fc.constant('restore' as const),
    by: caller,
    task: fc.oneof(pick, ended, deleted, deleted, deleted),
  }),
};

const howCancelled = { cascade: often(true, false), preserves: often(true, false), takeOver: fc.boolean() };
const howDeleted = { cascade: often(true, false), force: fc.boolean() };
const somewhere = fc.oneof(fc.constant('top' as const), pick, parent, parent);

const away = {
  cancel: fc.record({
    kind: fc.constant('cancel' as const),
    by: caller,
    task: fc.oneof(pick, parent),
    shows,
    ...howCancelled,
  }),
  delete: fc.record({
    kind: fc.constant('delete' as const),
    by: caller,
    task: fc.oneof(pick, parent, ended),
    shows,
    ...howDeleted,
  }),
  purge: fc.record({
    kind: fc.constant('purge' as const),
    by: caller,
    task: fc.oneof(pick, deleted, deleted, deleted),
  }),
};

const STATUSES: readonly Status[] = ['pending', 'active', 'blocked', 'completed', 'failed', 'cancelled', 'archived'];
const some = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1, maxLength: 3 });
const conditions = {
  status: some(STATUSES),
  stage: some(STAGES),
  type: fc.constantFrom('plan', 'specialist_task', 'approval', 'custom'),
  specialist: fc.constantFrom('implementer', 'tester', 'architect'),
  priority: fc.nat({ max: 3 }),
  parent: somewhere,
  on: fc.oneof(pick, ended),
  isActionable: fc.boolean(),
  hasArtifacts: fc.boolean(),
  isOfTemplate: fc.constant(true),
  heldBy: fc.nat({ max: 3 }),
  minutes: fc.constantFrom(1, 60, 1440),
};
/** One condition or two; with more of them hardly any task fits. */
const question: fc.Arbitrary<Question> = fc
  .tuple(fc.record(conditions), fc.subarray(Object.keys(conditions), { minLength: 1, maxLength: 2 }))
  .map(([all, wanted]) => Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name))));

const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });

const deed: fc.Arbitrary<Deed> = fc.oneof(
  weighted(2, fc.record({ does: fc.constant('update' as const), priority: fc.nat({ max: 3 }) })),
  weighted(
    3,
    fc.record({
      does: fc.constant('transition' as const),
      to: fc.nat({ max: STAGES.length - 1 }),
      checks: often(true, false),
    }),
  ),
  weighted(1, fc.record({ does: fc.constant('cancel' as const), ...howCancelled })),
  weighted(1, fc.record({ does: fc.constant('delete' as const), ...howDeleted })),
  weighted(2, fc.record({ does: fc.constant('move' as const), parent: somewhere })),
);

const many = {
  bulk: fc.record({
    kind: fc.constant('bulk' as const),
    by: caller,
    which: fc.oneof(fc.array(fc.oneof(pick, parent, ended), { minLength: 1, maxLength: 4 }), question),
    deed,
    isAtomic: often(false, true),
    isDry: fc.constantFrom(undefined, false, false, true),
  }),
  instantiate: fc.record({
    kind: fc.constant('instantiate' as const),
    by: caller,
    parent: maybe(fc.oneof(pick, parent)),
    parts: fc.nat({ max: 2 }),
    isCareful: fc.boolean(),
    isDry: often(false, true),
    shows,
  }),
};

const reader = fc.record({ through: fc.constantFrom<('A' | 'B')[]>('A', 'B'), as: fc.constant('own' as const) });
const reads = {
  query: fc.record({ kind: fc.constant('query' as const), by: reader, question }),
  analyze: fc.record({ kind: fc.constant('analyze' as const), by: reader, within: maybe(parent) }),
  status: fc.record({ kind: fc.constant('status' as const), by: reader }),
};

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
  weighted(2, reads.query),
  weighted(1, reads.status),
);

/** Every tool that changes a task, in any order. */
export const anything: fc.Arbitrary<Operation> = fc.oneof(
  weighted(7, tools.plan),
  weighted(3, tools.execute),
  weighted(4, tools.next),
  weighted(5, tools.complete),
  weighted(1, tools.note),
  weighted(2, tools.synthesize),
  weighted(2, time.wait),
  weighted(1, time.restart),
  weighted(7, byHand.create),
  weighted(8, byHand.lifecycle),
  weighted(4, byHand.link),
  weighted(3, byHand.word),
  weighted(4, byHand.update),
  weighted(4, byHand.restore),
  weighted(1, away.cancel),
  weighted(2, away.delete),
  weighted(1, away.purge),
  weighted(5, many.bulk),
  weighted(3, many.instantiate),
  weighted(4, reads.query),
  weighted(2, reads.analyze),
  weighted(1, reads.status),
);

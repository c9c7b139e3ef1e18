import { expect } from 'vitest';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { Body } from '../harness.ts';
import { excludesItself, matching, wordsFor } from './asking.ts';
import { cancelling, deleting } from './ending.ts';
import { moving, updating } from './managing.ts';
import { ANYWHERE, type Caller, type Deed, type Pick, type Question, STAGES } from './operations.ts';
import {
  type Expected,
  isAnothers,
  iso,
  type Of,
  PRIORITY,
  picked,
  type Request,
  refused,
  type Scene,
  UNTOLD,
} from './scene.ts';
import type { Piece, World } from './world.ts';

/** What became of the tasks that were meant, and the world afterwards. */
type Done = Readonly<{
  world: World;
  changed: ReadonlySet<string>;
  unchanged: ReadonlySet<string>;
  refusals: ReadonlyMap<string, ErrorCode>;
}>;

/** What the calls for one task each would come to, one after the other. */
export function changingMany(scene: Scene, call: Of<'bulk'>): Expected | undefined {
  const { world } = scene;
  const { which, deed, isAtomic, isDry: isSaidDry } = call;
  const ids = idsMeant(world, which);
  const goal = goalOf(world, deed);
  if (ids === undefined || goal === undefined) return undefined;
  const isDry = isSaidDry ?? !isList(which);
  const request: Request = {
    tool: 'bulk_tasks',
    args: {
      operation: deed.does,
      changes: changesBy(deed, goal),
      ...(isList(which) ? { task_ids: ids } : { filters: wordsFor(world, which) }),
      atomic: isAtomic,
      ...(isSaidDry !== undefined && { dry_run: isSaidDry }),
    },
  };
  if (!isList(which) && (excludesItself(which) || saysNothing(wordsFor(world, which))))
    return refused(request, 'invalid');
  const does = (session: string | undefined) => doAll({ world, session }, { ids, deed, goal, by: call.by });
  const foreseen = does(scene.session);
  if (isAtomic && !isDry && foreseen.refusals.size > 0) return refused(request, 'refused');
  const follow = (_: Body, session: string) => {
    if (!isDry) Object.assign(world, does(session).world);
  };
  const check = (reply: Body) => {
    expect(reply).toMatchObject({ dry_run: isDry, matched: ids.length });
    compareDone(reply, foreseen);
  };
  return { ...request, follow, check };
}

/** Every task is not what anybody means. */
const saysNothing = (filters: Readonly<Record<string, unknown>>) => Object.keys(filters).length === 0;

function compareDone(reply: Body, { changed, unchanged, refusals }: Done): void {
  expect(reply).toMatchObject({ changed: changed.size, unchanged: unchanged.size, refused_count: refusals.size });
  for (const { task_id, code } of reply.refused) expect(code).toBe(refusals.get(task_id));
  for (const { task_id } of reply.tasks) expect(changed).toContain(task_id);
  const isWhole = reply.refused.length === refusals.size && reply.tasks.length === changed.size;
  expect(isWhole || reply.truncated !== undefined).toBe(true);
}

const isList = (which: readonly Pick[] | Question): which is readonly Pick[] => Array.isArray(which);
const idsOf = (pieces: readonly Piece[]) => pieces.map(({ id }) => id);

/** The tasks that are meant; undefined where there are none to be named. */
function idsMeant(world: World, which: readonly Pick[] | Question): readonly string[] | undefined {
  if (!isList(which)) return idsOf(matching(world, which));
  const ids = [...new Set(which.flatMap((one) => picked(world, one)?.id ?? []))];
  return ids.length === 0 ? undefined : ids;
}

/** Where tasks are to be moved; undefined where there is no such place. */
function goalOf(world: World, deed: Deed): Goal | undefined {
  if (deed.does !== 'move' || deed.parent === 'top') return 'top';
  return picked(world, deed.parent);
}
type Goal = Piece | 'top';
const parentIn = (goal: Goal) => (goal === 'top' ? undefined : goal.id);

function changesBy(deed: Deed, goal: Goal): Readonly<Record<string, unknown>> {
  switch (deed.does) {
    case 'update':
      return { priority: PRIORITY[deed.priority] };
    case 'transition':
      return { lifecycle_stage: STAGES[deed.to], validation_checks: deed.checks };
    case 'cancel':
      return { cascade: deed.cascade, preserve_work: deed.preserves, take_over: deed.takeOver };
    case 'delete':
      return { cascade: deed.cascade, force: deed.force };
    case 'move':
      return { parent_task_id: parentIn(goal) ?? null };
  }
}

type Job = Readonly<{ deed: Deed; goal: Goal; by: Caller }>;

/** Goes through the tasks again as long as that sets any of those free that were refused before. */
function doAll(scene: Scene, { ids, ...job }: Job & Readonly<{ ids: readonly string[] }>): Done {
  const [changed, unchanged] = [new Set<string>(), new Set<string>()];
  let { world } = scene;
  for (let left = ids; ; ) {
    const round = doRound({ ...scene, world }, { ...job, left, done: changed });
    world = round.world;
    for (const id of round.changed) if (ids.includes(id)) changed.add(id);
    for (const id of round.unchanged) unchanged.add(id);
    const refusals = new Map([...round.refusals].filter(([id]) => !changed.has(id)));
    const isHopeful = [...round.refusals.values()].includes('refused') && round.refusals.size < left.length;
    if (!isHopeful) return { world, changed, unchanged, refusals };
    left = [...refusals.keys()];
  }
}

type Round = Job & Readonly<{ left: readonly string[]; done: ReadonlySet<string> }>;

/** Does to each what is not done yet, be it with another one; of what is refused nothing stays. */
function doRound(scene: Scene, { left, done, ...job }: Round): Done {
  let { world } = scene;
  const [changed, unchanged] = [new Set(done), new Set<string>()];
  const refusals = new Map<string, ErrorCode>();
  for (const id of left.filter((one) => !done.has(one))) {
    if (changed.has(id)) continue;
    const tried = structuredClone(world);
    const result = doOne({ ...scene, world: tried }, { ...job, id });
    if (result !== 'changed' && result !== 'unchanged') {
      refusals.set(id, result);
      continue;
    }
    // Where nothing is to be changed a lease that ran out is settled all the same.
    const ended = endedWith(world, tried, job.deed);
    world = tried;
    if (result === 'unchanged') unchanged.add(id);
    else for (const other of [id, ...ended]) changed.add(other);
  }
  return { world, changed, unchanged, refusals };
}

/** What was cancelled or deleted from one world to the other. */
function endedWith(before: World, after: World, { does }: Deed): readonly string[] {
  if (does !== 'cancel' && does !== 'delete') return [];
  const ended = [...before.pieces.values()].filter(({ id, stage }) => {
    const now = after.pieces.get(id)?.stage;
    return now === undefined || (now === 'cancelled' && stage !== 'cancelled');
  });
  return idsOf(ended);
}

type One = Job & Readonly<{ id: string }>;

function doOne(scene: Scene, { id, ...job }: One): 'changed' | 'unchanged' | ErrorCode {
  const { world, session = 'a new session' } = scene;
  const one = world.pieces.get(id);
  if (one === undefined) return 'not_found';
  if (isSo(one, job)) return 'unchanged';
  const { priority } = one;
  const due = callFor(scene, one, job);
  if (due.refusal !== undefined) return due.refusal;
  const claim = { claim_id: UNTOLD, held_by: session, lease_until: iso(world.now + 14_400_000) };
  due.follow({ claim }, session);
  return job.deed.does === 'update' && one.priority === priority ? 'unchanged' : 'changed';
}

/** Whether there is nothing to do, which is not even looked into. */
function isSo(one: Piece, { deed, goal }: Job): boolean {
  if (deed.does === 'transition') return one.stage === STAGES[deed.to];
  return deed.does === 'move' && one.parent === parentIn(goal);
}

/** The call for one task that does the same. */
function callFor(scene: Scene, one: Piece, { deed, goal, by }: Job): Expected {
  const call = { by, task: pickOf(scene.world, one.id), shows: 'none' } as const;
  const due = (() => {
    switch (deed.does) {
      case 'update':
        return updating(scene, {
          ...call,
          kind: 'update',
          parent: undefined,
          priority: deed.priority,
          takeOver: false,
        });
      case 'transition': {
        const { checks } = deed;
        return moving(scene, { ...call, kind: 'lifecycle', to: ANYWHERE + deed.to, checks, takeOver: false });
      }
      case 'cancel':
        return cancelling(scene, { ...call, ...deed, kind: 'cancel' });
      case 'delete':
        return deleting(scene, { ...call, ...deed, kind: 'delete' });
      case 'move': {
        const to = goal === 'top' ? goal : pickOf(scene.world, goal.id);
        return updating(scene, { ...call, kind: 'update', parent: to, priority: undefined, takeOver: false });
      }
    }
  })();
  // Only a task that is to be put below itself comes to nothing of its own.
  return due ?? refused({ tool: '', args: {} }, isAnothers(scene, one, {}) ? 'conflict' : 'refused');
}

const pickOf = (world: World, id: string): Pick => ({ among: 'all', place: [...world.pieces.keys()].indexOf(id) });

import type { Event } from '../domain/event.ts';
import type { Situation } from '../domain/health.ts';
import { isOpen } from '../domain/lifecycle.ts';
import { APPROVAL, byOffer, isActionable } from '../domain/readiness.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { isLive } from './claims.ts';
import { theTaskLike } from './find.ts';
import { ancestorsOf } from './obstacles.ts';
import type { HeldClaim } from './repositories.ts';
import type { Context } from './tool.ts';

/** What a status is asked about: one plan, one session's work, or all. */
export type Scope = Readonly<{ taskId: string | undefined; sessionId: string | undefined; includeEnded: boolean }>;

/** Where the work stands; each list begins with what is most useful. */
export type Standings = Readonly<{
  plans: readonly Readonly<{ plan: Task; leaves: readonly Task[] }>[];
  /** Open tasks that belong to no plan. */
  single: readonly Task[];
  ready: readonly Task[];
  held: readonly Readonly<{ task: Task; claim: HeldClaim }>[];
  /** Leaves that are stuck, blocked or waiting. */
  heldUp: readonly Task[];
  situation: Situation;
  /** Plans, single and ready tasks beyond those that are looked at. */
  beyond: number;
  /** Open leaves that a restriction to one session leaves out. */
  elsewhere: number;
}>;

/** Plans that one status looks at, and tasks in each of its lists. */
const LOOKED_AT = 100;

/** Tasks of one session that its status counts. */
const OF_SESSION = 10_000;

/** What there is, before claims are looked at. */
type Work = Readonly<{
  roots: readonly Task[];
  /** Roots and ready tasks that are not looked at. */
  beyond: number;
  ready: readonly Task[];
  heldUp: readonly Task[];
  counts: Omit<Situation, 'inProgress' | 'abandoned' | 'fruitless'>;
  includes(task: Task): boolean;
}>;

/** Gathers where the work stands. A task whose claim has ended counts as free, as it does for the next who writes. */
export async function gather(context: Context, scope: Scope): Promise<Standings> {
  const work = (await restricted(context, scope)) ?? (await everything(context, scope));
  const claims = await context.claims.list();
  const tasks = new Map(
    (await context.tasks.findAll(claims.map(({ taskId }) => taskId))).map((task) => [task.id, task]),
  );
  const pairs = claims.flatMap((claim) => {
    const task = tasks.get(claim.taskId);
    return task === undefined || !work.includes(task) ? [] : [{ task, claim }];
  });
  const held = pairs.filter(({ claim }) => isLive(claim, context));
  const freed = pairs.filter((pair) => !held.includes(pair)).map(({ task }) => givenBack(task, context.clock()));
  const takeable = freed.filter(isActionable);
  const asItStands = (task: Task) => freed.find(({ id }) => id === task.id) ?? task;
  const plans = await Promise.all(
    work.roots
      .filter((root) => !isLeaf(root))
      .map(async (plan) => ({ plan, below: await context.tasks.descendants(plan.id) })),
  );
  return {
    plans: plans.map(({ plan, below }) => ({ plan, leaves: below.filter(isLeaf).map(asItStands) })),
    single: work.roots.filter(isLeaf).map(asItStands),
    ready: [...work.ready, ...takeable].sort(byOffer(context.clock())),
    held,
    heldUp: [...work.heldUp, ...undecided(work.roots, plans), ...freed.filter((task) => !takeable.includes(task))],
    beyond: work.beyond,
    elsewhere: isOfSession(scope) ? (await context.tasks.tally()).open - work.counts.open : 0,
    situation: {
      ...work.counts,
      ready: work.counts.ready + takeable.length,
      inProgress: held.length,
      abandoned: freed.length,
      fruitless: plans.flatMap(({ plan, below }) => [plan, ...below]).filter(isFruitless).length,
    },
  };
}

/** Approvals that nobody has given or refused, and work that is up for review: they wait for somebody, not for another task. */
function undecided(roots: readonly Task[], plans: readonly Readonly<{ below: readonly Task[] }>[]): readonly Task[] {
  const isUndecided = ({ type, stage, standing }: Task) =>
    (type === APPROVAL && isOpen(stage) && standing.unmet === 0) || stage === 'review';
  return [...roots, ...plans.flatMap(({ below }) => below)].filter((task) => isLeaf(task) && isUndecided(task));
}

const isOfSession = ({ taskId, sessionId }: Scope) => taskId === undefined && sessionId !== undefined;

/** What was said when a task was last blocked. */
export async function whyBlocked({ events }: Context, { id }: Task): Promise<string> {
  const isBlocking = ({ type, details }: Event) => type === 'task.lifecycle_changed' && details?.to === 'blocked';
  const note = (await events.of(id, LOOKED_AT)).findLast(isBlocking)?.details?.note;
  return typeof note === 'string' ? note : 'it was moved to blocked';
}

/** Whether all parts of an open parent have ended and none of them is completed, so that it stays as it is. */
const isFruitless = ({ stage, standing }: Task) =>
  isOpen(stage) && standing.children > 0 && standing.openChildren + standing.completedChildren === 0;

/** A task whose holder is gone, as the next write will leave it. */
function givenBack(task: Task, at: number): Task {
  const free: Task = { ...task, stage: 'ready' };
  return isActionable(free) ? { ...free, standing: { ...free.standing, actionableSince: at } } : free;
}

async function everything(context: Context, { includeEnded }: Scope): Promise<Work> {
  const { tasks, offers, clock } = context;
  const plans = { isOpen: true, hasSubtasks: true };
  const open = await tasks.roots({ ...plans, limit: LOOKED_AT });
  const single = await tasks.roots({ isOpen: true, hasSubtasks: false, limit: LOOKED_AT });
  const endedPlans = { isOpen: false, hasSubtasks: true };
  const ended = includeEnded ? await tasks.roots({ ...endedPlans, limit: LOOKED_AT }) : [];
  const all = (await tasks.countRoots({ isOpen: true })) + (includeEnded ? await tasks.countRoots(endedPlans) : 0);
  const ready = await offers.list(clock(), { limit: LOOKED_AT });
  const counts = await tasks.tally();
  const heldUp = [
    ...(await tasks.openLeaves({ held: 'failed', limit: LOOKED_AT })),
    ...(await tasks.openLeaves({ stages: ['blocked'], limit: LOOKED_AT })),
    ...(await tasks.openLeaves({ held: 'waiting', limit: LOOKED_AT })),
  ];
  return {
    roots: [...open, ...ended, ...single],
    beyond: all - open.length - ended.length - single.length + counts.ready + counts.upForSynthesis - ready.length,
    ready,
    heldUp: [...new Map(heldUp.map((task) => [task.id, task])).values()],
    counts,
    includes: () => true,
  };
}

/** The work of one task or session; undefined where the scope is everything, or the session has touched nothing yet. */
async function restricted(context: Context, { taskId, sessionId }: Scope): Promise<Work | undefined> {
  if (taskId !== undefined) {
    const task = await theTaskLike(context, taskId);
    return among(context, [task], [task, ...(await context.tasks.descendants(task.id))]);
  }
  if (sessionId === undefined) return undefined;
  const touched = await context.tasks.findAll(await context.sessions.tasksOf(sessionId, OF_SESSION));
  if (!touched.some((task) => isOpen(task.stage))) return undefined;
  const roots = new Map<string, Task>();
  for (const task of touched) {
    const root = (await ancestorsOf(context, task)).at(-1) ?? task;
    if (isOpen(root.stage)) roots.set(root.id, root);
  }
  return among(context, [...roots.values()], touched);
}

function among({ clock }: Context, roots: readonly Task[], tasks: readonly Task[]): Work {
  const open = tasks.filter((task) => isOpen(task.stage));
  const leaves = open.filter(isLeaf);
  const ready = open.filter(isActionable).sort(byOffer(clock()));
  const stuck = leaves.filter(({ standing }) => standing.failed > 0);
  const blocked = leaves.filter(({ stage }) => stage === 'blocked');
  const isWaiting = ({ stage, standing }: Task) => stage !== 'active' && standing.unmet + standing.gatesAbove > 0;
  const ids = new Set(tasks.map(({ id }) => id));
  return {
    roots,
    beyond: 0,
    ready,
    heldUp: [...new Set([...stuck, ...blocked, ...leaves.filter(isWaiting)])],
    counts: {
      open: leaves.length,
      ready: ready.filter(isLeaf).length,
      blocked: blocked.length,
      stuck: stuck.length,
      upForSynthesis: ready.filter((task) => !isLeaf(task)).length,
    },
    includes: ({ id }) => ids.has(id),
  };
}

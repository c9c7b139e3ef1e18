import { isEnded } from './lifecycle.ts';
import { PRIORITIES, type Standing, type Task } from './task.ts';

/** The task of a type that is decided by people: it gates others and is never handed out as work. */
export const APPROVAL = 'approval';

type Held = Readonly<{
  stage: Task['stage'];
  type: string;
  standing: Pick<Standing, 'children' | 'unmet' | 'gatesAbove'>;
}>;

/** Whether a task can be taken now: a free leaf, or a parent whose parts wait to be put together. */
export function isActionable({ stage, type, standing }: Held): boolean {
  if (standing.unmet + standing.gatesAbove > 0) return false;
  return standing.children > 0 ? stage === 'review' : stage === 'ready' && type !== APPROVAL;
}

/** Whether a task holds back everything below it. */
export const closesGate = ({ stage, standing }: Pick<Held, 'stage'> & { standing: Pick<Standing, 'unmet'> }) =>
  standing.unmet > 0 || stage === 'blocked' || isEnded(stage);

/** A task that waits to be taken gains a step of priority in this time, so that nothing starves. */
export const RAISED_EVERY_MS = 24 * 3_600_000;

type Offered = Pick<Task, 'priority' | 'createdAt'> & {
  standing: Pick<Standing, 'actionableSince' | 'waiters'>;
};

/** The priority that counts when tasks are offered: its own step, and one more for each 24 h of being actionable. */
export function raisedPriority({ priority, standing }: Omit<Offered, 'createdAt'>, at: number): number {
  const waited = Math.max(0, at - (standing.actionableSince ?? at));
  return PRIORITIES.indexOf(priority) + Math.floor(waited / RAISED_EVERY_MS);
}

/** The order in which tasks are offered: raised priority, then how many wait for it, then age; those alike keep their order. */
export const byOffer =
  (at: number) =>
  (a: Offered, b: Offered): number =>
    raisedPriority(b, at) - raisedPriority(a, at) ||
    b.standing.waiters - a.standing.waiters ||
    a.createdAt - b.createdAt;

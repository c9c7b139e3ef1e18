import { z } from 'zod';
import { BUDGET, takeWithin, textWithin } from '../../domain/budget.ts';
import { progress } from '../../domain/hierarchy.ts';
import { isActionable } from '../../domain/readiness.ts';
import type { Task } from '../../domain/task.ts';
import { asOf } from '../claims.ts';
import { BudgetTokens, Claim, Listed, Progress, SessionId, TaskIdLike, Truncated } from '../fields.ts';
import { theTaskLike } from '../find.ts';
import { asReason, obstaclesOf } from '../obstacles.ts';
import { type Context, defineTool } from '../tool.ts';
import { artifactView, claimView, edgeView, eventView, noteView, wholeTask } from '../views.ts';

const PARTS = ['artifacts', 'notes', 'events'] as const;
/** The latest events of a task; its whole story is longer than a reply. */
const EVENTS = 200;

export default defineTool({
  name: 'orchestrator_get_task',
  title: 'Look at one task',
  description:
    'Returns one task whole: all fields, its dependencies, subtasks, who holds it, and what it still waits for. include adds its artifacts, notes, events.',
  set: 'core',
  rank: 90,
  effect: 'read',
  input: z.strictObject({
    task_id: TaskIdLike,
    include: z.array(z.enum(PARTS)).describe('Parts to add').default([]),
    budget_tokens: BudgetTokens.optional(),
    session_id: SessionId.optional(),
  }),
  output: z.looseObject({
    task_id: z.string(),
    task_type: z.string(),
    title: z.string(),
    status: z.string(),
    lifecycle_stage: z.string(),
    priority: z.string(),
    attributes: z.record(z.string(), z.unknown()),
    version: z.number(),
    created_at: z.string(),
    updated_at: z.string(),
    dependencies: Listed,
    children: z.array(z.string()),
    actionable: z.boolean(),
    waiting_for: z.array(z.string()).optional(),
    claim: Claim.optional(),
    progress: Progress.optional(),
    artifacts: Listed.optional(),
    notes: Listed.optional(),
    events: Listed.optional(),
    truncated: Truncated.optional(),
  }),
  examples: [{ title: 'One task with its notes', input: { task_id: 'architect_def45600', include: ['notes'] } }],

  async run({ task_id, include, budget_tokens = BUDGET.default }, context) {
    const { task, claim } = await asOf(context, await theTaskLike(context, task_id));
    const parts = await partsOf(context, task, include);
    const edges = await context.dependencies.of([task.id]);
    const children = task.standing.children === 0 ? [] : await context.tasks.children(task.id);
    const obstacles = isActionable(task) ? [] : await obstaclesOf(context, task);
    const { lists, omitted } = fitted(parts, budget_tokens / 3);
    const below = takeWithin(
      children.map(({ id }) => id),
      budget_tokens / 6,
    );
    const missing = omitted + below.omitted;
    return {
      ...wholeTask({ ...task, ...textsWithin(task, budget_tokens) }),
      dependencies: edges.map(edgeView),
      children: [...below.taken],
      actionable: isActionable(task),
      ...(obstacles.length > 0 && { waiting_for: obstacles.map(asReason) }),
      ...(claim !== undefined && { claim: claimView(claim) }),
      ...(task.standing.children > 0 && { progress: progress(task.standing) }),
      ...lists,
      ...(missing > 0 && {
        truncated: {
          omitted: missing,
          how_to_get_more: 'Repeat with a larger budget_tokens or fewer parts in include',
        },
      }),
    };
  },
});

type Parts = Readonly<Record<string, readonly unknown[]>>;

async function partsOf(context: Context, { id }: Task, include: readonly (typeof PARTS)[number][]): Promise<Parts> {
  return {
    ...(include.includes('artifacts') && { artifacts: (await context.artifacts.of([id])).map(artifactView) }),
    ...(include.includes('notes') && { notes: (await context.notes.of([id])).map(noteView) }),
    ...(include.includes('events') && { events: (await context.events.of(id, EVENTS)).map(eventView) }),
  };
}

/** The latest of each list that fit into an equal share of the budget. */
function fitted(parts: Parts, budget: number): Readonly<{ lists: Record<string, unknown[]>; omitted: number }> {
  const share = budget / Math.max(1, Object.keys(parts).length);
  const fits = Object.entries(parts).map(([name, list]) => [name, takeWithin([...list].reverse(), share)] as const);
  return {
    lists: Object.fromEntries(fits.map(([name, { taken }]) => [name, [...taken].reverse()])),
    omitted: fits.reduce((sum, [, { omitted }]) => sum + omitted, 0),
  };
}

const textsWithin = ({ description, context }: Task, budget: number) => ({
  description: description === undefined ? undefined : textWithin(description, budget / 3),
  context: context === undefined ? undefined : textWithin(context, budget / 6),
});

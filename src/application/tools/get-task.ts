import { z } from 'zod';
import type { Artifact } from '../../domain/artifact.ts';
import { BUDGET, type Spending, spending } from '../../domain/budget.ts';
import type { Dependency } from '../../domain/dependencies.ts';
import { progress } from '../../domain/hierarchy.ts';
import { isActionable } from '../../domain/readiness.ts';
import { isLeaf, type Task } from '../../domain/task.ts';
import { asOf } from '../claims.ts';
import { BudgetTokens, Claim, Listed, Progress, TaskIdLike, Truncated } from '../fields.ts';
import { theTaskLike } from '../find.ts';
import { storyOf } from '../story.ts';
import { type Context, defineTool } from '../tool.ts';
import { wordOnEdge, wordView } from '../verdicts.ts';
import { artifactView, claimView, edgeView, noteView, taskWithin, truncation } from '../views.ts';
import { waitsOf } from '../waiting.ts';

const PARTS = ['artifacts', 'notes', 'events'] as const;
/** What the names of the parts cost. */
const FRAME_TOKENS = 80;

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
    events_before: z.number().int().describe('Earlier events than this seq').optional(),
    budget_tokens: BudgetTokens.optional(),
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
    earlier_events_before: z.number().optional(),
    truncated: Truncated.optional(),
  }),
  examples: [{ title: 'One task with its notes', input: { task_id: 'architect_def45600', include: ['notes'] } }],

  async run({ task_id, include, events_before, budget_tokens = BUDGET.default }, context) {
    const { task, claim } = await asOf(context, await theTaskLike(context, task_id));
    const edges = await context.dependencies.of([task.id]);
    const waits = await waitsOf(context, task);
    const children = isLeaf(task) ? [] : await context.tasks.children(task.id);
    const spend = spending(budget_tokens - FRAME_TOKENS);
    const reply = {
      ...taskWithin(task, spend),
      ...spend.pay({
        actionable: isActionable(task),
        ...(claim !== undefined && { claim: claimView(claim) }),
        ...(isLeaf(task) ? {} : { progress: progress(task.standing) }),
      }),
      ...(waits.length > 0 && { waiting_for: spend.list(waits, 0.1) }),
      dependencies: spend.list(await Promise.all(edges.map((edge) => dependencyView(context, edge))), 0.15),
      children: spend.list(
        children.map(({ id }) => id),
        0.15,
      ),
    };
    const parts = fitted(await partsOf(context, task, { include, before: events_before }), spend);
    return {
      ...reply,
      ...parts,
      ...(await earlier(context, task, parts.events)),
      ...truncation(spend, 'Repeat with a larger budget_tokens or fewer parts in include'),
    };
  },
});

type Parts = Readonly<Record<string, readonly unknown[]>>;

type Wanted = Readonly<{ include: readonly (typeof PARTS)[number][]; before: number | undefined }>;

async function partsOf(context: Context, { id }: Task, { include, before }: Wanted): Promise<Parts> {
  return {
    ...(include.includes('artifacts') && { artifacts: (await context.artifacts.of([id])).map(attemptView) }),
    ...(include.includes('notes') && { notes: (await context.notes.of([id])).map(noteView) }),
    ...(include.includes('events') && { events: await storyOf(context, id, before) }),
  };
}

/** An edge with the word that was given about it. */
async function dependencyView(context: Context, edge: Dependency) {
  const word = await wordOnEdge(context, edge);
  return { ...edgeView(edge), ...(word !== undefined && wordView(edge, word)) };
}

/** Where the story goes on that a reply shows the end of; undefined where it shows the beginning. */
async function earlier({ events }: Context, { id }: Task, shown: readonly unknown[] | undefined) {
  const [first] = shown ?? [];
  const seq = typeof first === 'object' && first !== null && 'seq' in first ? Number(first.seq) : undefined;
  const isMore = seq !== undefined && (await events.of(id, 1, seq)).length > 0;
  return isMore ? { earlier_events_before: seq } : {};
}

/** An artifact with what became of it, which tells attempts apart. */
const attemptView = (artifact: Artifact) => ({ ...artifactView(artifact), outcome: artifact.outcome });

/** The latest of each list that fit into an equal share of what is left. */
function fitted(parts: Parts, spend: Spending): Readonly<Record<string, unknown[]>> {
  const share = spend.left() / spend.whole / Math.max(1, Object.keys(parts).length);
  return Object.fromEntries(
    Object.entries(parts).map(([name, list]) => [name, spend.list([...list].reverse(), share).reverse()]),
  );
}

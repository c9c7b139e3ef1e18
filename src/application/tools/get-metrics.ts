import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { timeWithin } from '../../domain/durations.ts';
import { invalid } from '../../domain/errors.ts';
import { type Finished, flowOf, type Spread, spread, weekOf, weeksOf } from '../../domain/flow.ts';
import { DueDate } from '../attributes.ts';
import { dayOf } from '../call-counter.ts';
import type { CallCount } from '../call-repository.ts';
import { Budget, Handle, Listed, Truncated } from '../fields.ts';
import { type Happened, happened, type Stretch } from '../metrics.ts';
import { defineTool } from '../tool.ts';
import { iso, truncation } from '../views.ts';

const DAY_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;
/** How far back one looks who does not say it. */
const DEFAULT_MS = 56 * DAY_MS;
/** What the names of the parts cost, and how the rest is shared. */
const FRAME_TOKENS = 200;
const SHARES = { weeks: 0.3, groups: 0.2, calls: 0.3 } as const;

const Times = z.object({ tasks: z.number(), median_hours: z.number(), p85_hours: z.number(), p95_hours: z.number() });

export default defineTool({
  name: 'orchestrator_get_metrics',
  title: 'Measure the flow of work',
  description:
    'Of leaves: throughput by week, cycle time (first active to completed) and lead time (created to completed), ' +
    'by specialist and type. Calls by tool, with refusals.',
  set: 'analysis',
  rank: 270,
  effect: 'read',
  input: z.strictObject({
    task_id: Handle.describe('Only this plan').optional(),
    since: DueDate.describe('Default 8 weeks ago').optional(),
    until: DueDate.describe('Default now').optional(),
    budget_tokens: Budget.optional(),
  }),
  output: z.object({
    task_id: z.string().optional(),
    since: z.string(),
    until: z.string(),
    created: z.number(),
    completed: z.number(),
    cycle_time: Times.optional(),
    lead_time: Times.optional(),
    weeks: Listed,
    by_specialist: Listed,
    by_type: Listed,
    at_work: z.object({ tasks: z.number(), age: Times.optional() }),
    calls: Listed.optional(),
    truncated: Truncated.optional(),
  }),
  examples: [{ title: 'How work flowed in the last weeks', input: { since: '2026-01-05' } }],

  async prepare({ task_id, since, until }, beforehand) {
    const stretch = stretchOf({ since, until, now: beforehand.clock() });
    return { stretch, found: await happened(beforehand, { ...stretch, taskId: task_id }) };
  },

  async run({ budget_tokens = BUDGET.default }, { clock }, { stretch, found }) {
    const spend = spending(budget_tokens - FRAME_TOKENS);
    const { completed, cycle, lead } = flowOf(found.finished);
    const ages = spread(found.begun.map(({ startedAt = clock() }) => clock() - startedAt));
    return {
      ...(found.taskId !== undefined && { task_id: found.taskId }),
      since: iso(stretch.since),
      until: iso(stretch.until),
      created: found.createdAt.length,
      completed,
      ...(cycle !== undefined && { cycle_time: inHours(cycle) }),
      ...(lead !== undefined && { lead_time: inHours(lead) }),
      at_work: { tasks: found.begun.length, ...(ages !== undefined && { age: inHours(ages) }) },
      weeks: spend.list(weekViews(found, { ...stretch, until: Math.min(stretch.until, clock()) }), SHARES.weeks),
      by_specialist: spend.list(
        groups(found.finished, 'specialist_type', ({ specialist }) => specialist),
        SHARES.groups,
      ),
      by_type: spend.list(
        groups(found.finished, 'task_type', ({ type }) => type),
        SHARES.groups,
      ),
      ...(found.taskId === undefined && { calls: spend.list(callViews(found.calls), SHARES.calls) }),
      ...truncation(spend, 'Repeat with a larger budget_tokens or a shorter time'),
    };
  },
});

type Asked = Readonly<{ since: string | undefined; until: string | undefined; now: number }>;

/** A day that is named as the end belongs to it. */
function stretchOf({ since, until, now }: Asked): Stretch {
  const isDay = until !== undefined && until.length === 'YYYY-MM-DD'.length;
  const end = until === undefined ? now + 1 : Date.parse(until) + (isDay ? DAY_MS : 0);
  const begin = since === undefined ? end - DEFAULT_MS : Date.parse(since);
  if (begin < end) return { since: begin, until: end };
  throw invalid(`since ${iso(begin)} does not lie before until ${iso(end)}`, {
    parameter: 'since',
    suggestion: 'Repeat with an earlier since or a later until',
  });
}

/** Nobody reads a millionth of an hour: what took less than two seconds took none. */
const hours = (ms: number) => Number(Number((ms / HOUR_MS).toPrecision(3)).toFixed(3));

const inHours = ({ tasks, median, p85, p95 }: Spread) => ({
  tasks,
  median_hours: hours(median),
  p85_hours: hours(p85),
  p95_hours: hours(p95),
});

/** How a set of tasks flowed, in a line. */
function flowLine(tasks: readonly Finished[]) {
  const { completed, cycle, lead } = flowOf(tasks);
  return {
    completed,
    ...(cycle !== undefined && { cycle_median_hours: hours(cycle.median), cycle_p85_hours: hours(cycle.p85) }),
    ...(lead !== undefined && { lead_median_hours: hours(lead.median), lead_p85_hours: hours(lead.p85) }),
  };
}

/** Each week of the stretch, also one in which nothing was done, from the latest to the first that something is known of. */
function weekViews({ finished, createdAt }: Happened, stretch: Stretch) {
  const done = Map.groupBy(finished, ({ completedAt }) => weekOf(completedAt));
  const created = Map.groupBy(createdAt, weekOf);
  const known = [...done.keys(), ...created.keys()];
  const since = known.reduce((earliest, week) => Math.min(earliest, week), stretch.until);
  return (known.length === 0 ? [] : weeksOf({ since, until: stretch.until })).map((week) => ({
    week: dayOf(week),
    created: created.get(week)?.length ?? 0,
    ...flowLine(done.get(week) ?? []),
  }));
}

/** Tasks by what they have in common, most of them first; those that have nothing of the kind are not told. */
function groups(finished: readonly Finished[], name: string, of: (task: Finished) => string | undefined) {
  return [...Map.groupBy(finished, of)]
    .flatMap(([group, tasks]) => (group === undefined ? [] : [{ [name]: group, ...flowLine(tasks) }]))
    .toSorted((a, b) => b.completed - a.completed);
}

/** Each tool's calls, the most called first. Times are those of all calls, refused ones included. */
function callViews(counts: readonly CallCount[]) {
  const sum = (some: readonly CallCount[]) => some.reduce((total, { count }) => total + count, 0);
  return [...Map.groupBy(counts, ({ tool }) => tool)]
    .map(([tool, own]) => {
      const scale = new Map([...Map.groupBy(own, ({ bucket }) => bucket)].map(([bucket, some]) => [bucket, sum(some)]));
      const within = (share: number) => timeWithin(scale, share) ?? 0;
      const refused = [...Map.groupBy(own, ({ outcome }) => outcome)].filter(([outcome]) => outcome !== 'answered');
      return {
        tool,
        calls: sum(own),
        p50_ms: within(0.5),
        p90_ms: within(0.9),
        p99_ms: within(0.99),
        ...(refused.length > 0 && { refused: Object.fromEntries(refused.map(([code, some]) => [code, sum(some)])) }),
      };
    })
    .toSorted((a, b) => b.calls - a.calls);
}

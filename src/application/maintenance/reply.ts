import { type Spending, spending } from '../../domain/budget.ts';
import { cut, type Task } from '../../domain/task.ts';
import { truncation } from '../views.ts';
import type { Run } from './run.ts';

/** What a person or an agent should look at, as the reference shows it. */
export type Recommendation = Readonly<{
  type: 'manual_review' | 'cleanup' | 'synthesis' | 'repair' | 'restore';
  priority: 'high' | 'medium' | 'low';
  title: string;
  description: string;
}>;

/** No reply has room for more entries than this; the rest is only counted. */
const KEPT = 1_000;

/** A list whose first entries are kept, and all of whose entries are counted. */
export type Listing<T> = Readonly<{ kept: readonly T[]; total: number }>;
export const NOTHING: Listing<never> = { kept: [], total: 0 };

export const listing = <T>(entries: readonly T[]): Listing<T> => ({
  kept: entries.slice(0, KEPT),
  total: entries.length,
});

export const joined = <T>(one: Listing<T>, other: Listing<T>): Listing<T> => ({
  kept: one.kept.length < KEPT ? [...one.kept, ...other.kept].slice(0, KEPT) : one.kept,
  total: one.total + other.total,
});

const URGENCY = ['high', 'medium', 'low'] as const;

/** The share of a reply that recommendations may take from what was found. */
const ADVICE = 0.35;

/** What all replies have in common, the most urgent advice first. */
export function commonOf({ id, request }: Run, spend: Spending, advice: readonly Recommendation[]) {
  const urgentFirst = advice.toSorted((a, b) => URGENCY.indexOf(a.priority) - URGENCY.indexOf(b.priority));
  const head = spend.pay({ operation_id: id, scope: request.scope });
  return { ...head, recommendations: spend.list(urgentFirst, ADVICE) };
}

type Parts<Summary, T> = Readonly<{ advice: readonly Recommendation[]; summary: Summary; found: Listing<T> }>;

/** What the names of a reply's parts cost, and the word that something was left out. */
const FRAME_TOKENS = 80;

/** A reply of what was found, as far as there is room for `entries`; `summary` is said in any case, and counts all. */
export function replyWith<Summary extends object, T>(run: Run, { advice, summary, found }: Parts<Summary, T>) {
  const spend = spending(run.request.budget - FRAME_TOKENS);
  const said = spend.pay(summary);
  const common = commonOf(run, spend, advice);
  const entries = spend.list(found.kept);
  const omitted = () => spend.omitted() + found.total - found.kept.length;
  return { reply: { ...common, ...said, ...truncation({ omitted }, MORE) }, entries };
}

const MORE = 'Use scope specific_subtask, or a larger budget_tokens';

/** Tasks that one sentence names. */
const NAMED = 5;

/** Tasks in a sentence: the first few by title and id, the others by their number. */
export function named(tasks: Listing<Pick<Task, 'id' | 'title'>>): string {
  const first = tasks.kept.slice(0, NAMED).map(({ id, title }) => `"${cut(title, 80)}" (${id})`);
  const others = tasks.total - first.length;
  return others > 0 ? `${first.join(', ')} and ${others} more` : first.join(', ');
}

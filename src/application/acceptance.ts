import { roleFor } from '../domain/briefing.ts';
import type { Event } from '../domain/event.ts';
import type { Task } from '../domain/task.ts';
import type { Context } from './tool.ts';
import { echo } from './views.ts';

/** What was said about a criterion of a task, or of the checklist of its role. */
export type Verdict = Readonly<{ criterion: string; met: boolean; evidence?: string | undefined }>;

/** How what was said compares with the criteria that there are. */
export type Comparison = Readonly<{
  /** Criteria that nothing was said about. */
  unconfirmed: readonly string[];
  /** What was said about criteria that there are not. */
  unknown: readonly string[];
  /** What was said about the others. */
  known: readonly Verdict[];
  /** Criteria that nothing was said about now, and the last time that they are not met. */
  saidNotMet: readonly string[];
}>;

export async function compare(context: Context, task: Task, said: readonly Verdict[]): Promise<Comparison> {
  const comparison = await withCriteria(context, task, said);
  const before = comparison.unconfirmed.length === 0 ? new Map() : await saidBefore(context, task);
  const saidNotMet = comparison.unconfirmed.filter((criterion) => before.get(asKept(criterion)) === false);
  return { ...comparison, saidNotMet };
}

async function withCriteria(context: Context, task: Task, said: readonly Verdict[]) {
  const { checklist } = roleFor(task, await context.roles.all(context.log));
  const criteria = [...task.acceptanceCriteria, ...checklist];
  const known = new Set(criteria.map(folded));
  const mentioned = new Set(said.map(({ criterion }) => folded(criterion)));
  return {
    unconfirmed: criteria.filter((criterion) => !mentioned.has(folded(criterion))),
    unknown: said.map(({ criterion }) => criterion).filter((criterion) => !known.has(folded(criterion))),
    known: said.filter(({ criterion }) => known.has(folded(criterion))),
  };
}

/** What was last said about each criterion, with work that was refused or handed back. */
async function saidBefore({ events }: Context, { id }: Task): Promise<ReadonlyMap<string, boolean>> {
  const added = (await events.of(id, LOOKED_AT)).filter(({ type }) => type === 'artifact.added');
  const words = added.flatMap(({ details }) => (Array.isArray(details?.acceptance) ? details.acceptance : []));
  return new Map(words.map(({ criterion, met }) => [folded(String(criterion)), met === true]));
}

/** A criterion as a story holds it. */
const asKept = (criterion: string) => folded(echo(criterion));

/** Case and outer spaces aside. */
const folded = (criterion: string) => criterion.trim().toLowerCase();

/** The comparison as a task's story keeps it. */
export const asRecord = ({ unconfirmed, known, saidNotMet }: Comparison): Readonly<Record<string, unknown>> => ({
  ...(known.length > 0 && { acceptance: known.map(verdictView) }),
  ...(unconfirmed.length > 0 && { unconfirmed: unconfirmed.map(echo) }),
  ...(saidNotMet.length > 0 && { said_not_met: saidNotMet.map(echo) }),
});

/** What was said with work that is only kept. */
export const asSaid = (comparison: Comparison) => asRecord({ ...comparison, unconfirmed: [], saidNotMet: [] });

const verdictView = ({ criterion, met, evidence }: Verdict) => ({
  criterion: echo(criterion),
  met,
  ...(evidence !== undefined && { evidence: echo(evidence) }),
});

/** Events of a task among which its last completion, and what was said before it, are looked for. */
const LOOKED_AT = 200;

/** Criteria that the last completion of a task left unconfirmed, and those of them that were said to be unmet before. */
export async function leftUnconfirmed({ events }: Context, taskId: string) {
  const isHandedIn = ({ type, details }: Event) => type === 'artifact.added' && details?.outcome !== 'kept';
  const { unconfirmed, said_not_met } = (await events.of(taskId, LOOKED_AT)).findLast(isHandedIn)?.details ?? {};
  return { criteria: texts(unconfirmed), saidNotMet: texts(said_not_met) };
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];

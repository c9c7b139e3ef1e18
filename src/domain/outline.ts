import { contained } from './contained.ts';
import { asSentence } from './dependencies.ts';
import { progress } from './hierarchy.ts';
import { endedAs } from './lifecycle.ts';
import { code, inline, page, section } from './markdown.ts';
import type { PlanRecord } from './synthesis.ts';
import { isLeaf, type Task } from './task.ts';

/**
 * A task and all below it, for a person to read anywhere: what is to be done, how far it is, and what was noted. `outside`
 * are others that something of it waits for.
 */
export function outline(record: PlanRecord, outside: readonly Pick<Task, 'id' | 'title'>[] = []): string {
  const { plan, descendants, notes } = record;
  const titles = new Map([...outside, plan, ...descendants].map(({ id, title }) => [id, title]));
  const isSaid = plan.description !== undefined && plan.description.trim() !== plan.title;
  return page([
    `# ${inline(plan.title)}`,
    [code(plan.id), stageOf(plan), ...progressOf(plan)].join(' · '),
    ...(isSaid ? [quoted(plan.description ?? '')] : []),
    ...section(
      'Acceptance criteria',
      plan.acceptanceCriteria.map((criterion) => `- ${inline(criterion)}`),
    ),
    ...section('Tasks', treeOf(record)),
    ...section('Dependencies', sentences(record, titles)),
    ...section(
      'Notes',
      notes.map(
        ({ kind, text, taskId = '' }) => `- ${kind}: ${inline(text)} (${inline(titles.get(taskId) ?? plan.title)})`,
      ),
    ),
  ]);
}

const quoted = (text: string) =>
  contained(text)
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');

const stageOf = (task: Task) => (endedAs(task) === task.stage ? task.stage : `${task.stage}, ${endedAs(task)} before`);

function progressOf(task: Task): readonly string[] {
  if (isLeaf(task)) return [];
  const { completed, total, percentage } = progress(task.standing);
  if (total === 0) return ['no subtask left to complete'];
  return [`${completed} of ${total} completed (${percentage}%)`];
}

/** Levels that are indented: of deeper ones the spaces alone would be most of the text. */
const INDENTED = 20;

/** Indented by two spaces a level, without recursion, for levels may be many. */
function treeOf({ plan, descendants }: PlanRecord): readonly string[] {
  const children = Map.groupBy(descendants, ({ parentId }) => parentId ?? '');
  const lines: string[] = [];
  const left = (children.get(plan.id) ?? []).map((task) => ({ task, depth: 0 })).toReversed();
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { task, depth } = next;
    lines.push(...linesOf(task, '  '.repeat(Math.min(depth, INDENTED))));
    left.push(...(children.get(task.id) ?? []).map((child) => ({ task: child, depth: depth + 1 })).toReversed());
  }
  return lines;
}

function linesOf(task: Task, indent: string): readonly string[] {
  const who = task.specialist === undefined ? [] : [inline(task.specialist)];
  const state = [...who, stageOf(task), ...progressOf(task)].join(', ');
  const said = contained(task.description ?? '').map((line) => (line === '' ? '' : `${indent}  ${line}`));
  return [
    `${indent}- [${tickOf(task)}] ${inline(task.title)} (${code(task.id)}) · ${state}`,
    ...(said.length > 0 ? ['', ...said] : []),
  ];
}

/** The marks that an import of a checklist knows. */
function tickOf(task: Task): string {
  const stage = endedAs(task);
  if (stage === 'completed') return 'x';
  return stage === 'cancelled' || stage === 'superseded' ? '-' : ' ';
}

function sentences({ edges }: PlanRecord, titles: ReadonlyMap<string, string>): readonly string[] {
  const titleOf = (id: string) => {
    const title = titles.get(id);
    return title === undefined ? code(id) : inline(title);
  };
  return edges.map(
    (edge) =>
      `- ${asSentence(edge, { task: titleOf(edge.taskId), prerequisite: titleOf(edge.prerequisiteId) })}: ${edge.status}`,
  );
}

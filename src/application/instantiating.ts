import { z } from 'zod';
import { checkAttributes } from '../domain/attributes.ts';
import type { Values } from '../domain/condition.ts';
import type { Dependency } from '../domain/dependencies.ts';
import { instantiate } from '../domain/instantiate.ts';
import { closesGate } from '../domain/readiness.ts';
import { COMPLEXITIES, newTask, type Task } from '../domain/task.ts';
import { withStandings } from '../domain/task-tree.ts';
import { SPELT, type TaskTexts } from '../domain/template.ts';
import type { InstanceEdge } from '../domain/template-expansion.ts';
import { valuesOf } from '../domain/template-parameters.ts';
import { DueDate, Effort } from './attributes.ts';
import { Priority, SaidText, TaskType, Text, Title } from './fields.ts';
import { adopt } from './parents.ts';
import { readInput } from './parse.ts';
import { checkSpecialist } from './specialists.ts';
import { theTemplate } from './template-library.ts';
import type { Known } from './template-reading.ts';
import type { Shelf } from './template-shelf.ts';
import type { Context, Surroundings } from './tool.ts';

/** The fields of a task that are said; what is not has a default. */
type Said = Partial<Omit<Task, 'id' | 'standing'>>;
type PlannedTask = Readonly<{ name: string; parent: number | undefined; said: Said & Readonly<{ title: string }> }>;

/** What a template makes of its parameters, checked, before there are ids. */
export type Drafted = Readonly<{
  known: Known;
  values: Values;
  root: Said & Readonly<{ title: string }>;
  tasks: readonly PlannedTask[];
  edges: readonly InstanceEdge[];
}>;

type Asked = Readonly<{ id: string; given: Values; title?: string | undefined }>;

/** Fills a template in, or refuses it whole. Reads files and renders, and so belongs before a transaction. */
export async function drafted(
  shelf: Shelf,
  { id, given, title }: Asked,
  surroundings: Pick<Surroundings, 'roles' | 'log'>,
): Promise<Drafted> {
  const known = await theTemplate(shelf, id);
  const values = valuesOf(known.template.parameters, { given, title });
  const { render } = await shelf.templates.texts();
  const { root, tasks, edges } = instantiate(known.template, values, render);
  const planned = tasks.map(({ name, parent, texts }) => ({ name, parent, said: saidBy(texts, name) }));
  const made = { known, values, root: saidBy(root, 'root'), tasks: planned, edges };
  const specialists = [made.root, ...planned.map(({ said }) => said)].flatMap(({ specialist }) => specialist ?? []);
  for (const specialist of new Set(specialists)) await checkSpecialist(surroundings, specialist);
  return made;
}

/** What placeholders were filled in could be anything; a task takes only what it takes in any other call. */
const Rendered = z.strictObject({
  title: Title,
  description: Text.optional(),
  context: Text.optional(),
  task_type: TaskType.optional(),
  specialist_type: z.string().optional(),
  priority: Priority.optional(),
  complexity: z.enum(COMPLEXITIES).optional(),
  estimated_effort: Effort.optional(),
  due_date: DueDate.optional(),
  acceptance_criteria: z.array(SaidText).max(100).default([]),
  attributes: z.record(z.string(), z.unknown()).default({}),
});

function saidBy(texts: TaskTexts, name: string): PlannedTask['said'] {
  const given = Object.fromEntries(FIELDS.map(({ field, wire }) => [wire, texts[field]]));
  // What fits is not looked at any further: each text was checked when it was read or given.
  const fitting = Rendered.safeParse(given);
  const { title, attributes, ...read } = fitting.success ? fitting.data : readInput(Rendered, given, name);
  checkAttributes(attributes, `${name}.attributes`);
  const others: Readonly<Record<string, unknown>> = read;
  const said = FIELDS.filter(({ wire }) => others[wire] !== undefined).map(({ field, wire }) => [field, others[wire]]);
  return { ...Object.fromEntries(said), title, attributes };
}

const FIELDS = (
  [
    'title',
    'description',
    'context',
    'type',
    'specialist',
    'priority',
    'complexity',
    'effort',
    'dueDate',
    'acceptanceCriteria',
    'attributes',
  ] as const
).map((field) => ({ field, wire: SPELT[field] }));

export type Tree = Readonly<{ root: Task; below: readonly Task[]; edges: readonly Dependency[] }>;

type Planting = Readonly<{ parent: Task | undefined; ids: readonly string[]; root?: Said }>;

/** The tasks and dependencies with their ids, the root's first; what `root` says goes before what the template says of it. */
export function planted(context: Context, made: Drafted, { parent, ids, root: own = {} }: Planting): Tree {
  const { actor, clock } = context;
  const at = clock();
  const { id: templateId } = made.known.template;
  const idAt = (place: number | undefined) => ids[place === undefined ? 0 : place + 1] ?? '';
  const urgency = { priority: own.priority ?? made.root.priority ?? parent?.priority ?? 'medium' } as const;
  const common = { ...urgency, templateId, sessionId: actor.sessionId, createdAt: at };
  const attributes = { ...made.root.attributes, ...own.attributes };
  const root = { type: 'plan', ...common, ...made.root, ...own, attributes, parentId: parent?.id };
  const tasks = made.tasks.map(({ parent: above, said }, place) => {
    const type = said.specialist === undefined ? 'custom' : 'specialist_task';
    return newTask({ type, ...common, ...said, id: idAt(place), parentId: idAt(above) });
  });
  const edges = made.edges.map(({ from, to, type, artifactType, description }) => ({
    taskId: idAt(from),
    prerequisiteId: idAt(to),
    type,
    artifactType,
    description,
    status: 'pending' as const,
    verdict: undefined,
  }));
  const gatesAbove = parent === undefined ? 0 : parent.standing.gatesAbove + Number(closesGate(parent));
  const standing = withStandings({
    tasks: [newTask({ ...root, id: idAt(undefined) }), ...tasks],
    edges,
    gatesAbove,
    at,
  });
  const [first, ...below] = standing;
  return { root: first ?? newTask({ ...root, id: '' }), below, edges };
}

/** New ids for all tasks of a template, the root's first. */
export const idsFor = (context: Context, { root, tasks }: Drafted) =>
  context.newIds([root, ...tasks.map(({ said }) => said)].map(({ specialist = 'task' }) => specialist));

/** Writes a tree, and puts it below its parent. */
export async function store(context: Context, { root, below, edges }: Tree, parent: Task | undefined): Promise<void> {
  await context.tasks.insert([root, ...below]);
  await context.dependencies.insert(edges, context.clock());
  await context.record([
    ...[root, ...below].map((task) => ({
      type: 'task.created' as const,
      taskId: task.id,
      details: {
        title: task.title,
        ...(task.parentId !== undefined && { parent_task_id: task.parentId }),
        ...(task.id === root.id && { template_id: task.templateId }),
      },
    })),
    ...edges.map((edge) => ({
      type: 'dependency.added' as const,
      taskId: edge.taskId,
      details: { dependency_task_id: edge.prerequisiteId, dependency_type: edge.type },
    })),
  ]);
  if (parent !== undefined) await adopt(context, parent, root);
}

/** A new task in the list that a reply gives. */
export function createdLine(task: Task, edges: ReadonlyMap<string, readonly Dependency[]>) {
  const prerequisites = [...new Set(edges.get(task.id)?.map(({ prerequisiteId }) => prerequisiteId))];
  return {
    task_id: task.id,
    task_type: task.type,
    title: task.title,
    ...(task.specialist !== undefined && { specialist_type: task.specialist }),
    ...(task.parentId !== undefined && { parent_task_id: task.parentId }),
    ...(prerequisites.length > 0 && { dependencies: prerequisites }),
  };
}

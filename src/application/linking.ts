import type { z } from 'zod';
import { type Dependency, type DependencyStatus, type DependencyType, judge } from '../domain/dependencies.ts';
import { invalid, OrchestratorError, refused } from '../domain/errors.ts';
import type { EventType, NewEvent } from '../domain/event.ts';
import { isEnded } from '../domain/lifecycle.ts';
import type { Task } from '../domain/task.ts';
import { refuseCircleOf } from './circles.ts';
import { countEdgeChanges } from './consequences.ts';
import type { EdgeChange } from './edges.ts';
import type { EdgeInput } from './fields.ts';
import { theTask } from './find.ts';
import type { Context } from './tool.ts';

/** An edge as it was asked for. */
export type EdgeRequest = Readonly<{
  prerequisiteId: string;
  type: DependencyType;
  description: string | undefined;
  artifactType: string | undefined;
}>;

/** An edge of a call, in our own names. */
export const asRequest = (
  given: z.output<typeof EdgeInput>,
  byDefault: DependencyType = 'completion',
): EdgeRequest => ({
  prerequisiteId: given.dependency_task_id,
  type: given.dependency_type ?? byDefault,
  description: given.description,
  artifactType: given.artifact_type,
});

/** What became of a request: an edge that is there already keeps its status. */
export type Linked = Readonly<{
  edge: Dependency;
  result: 'added' | 'updated' | 'unchanged' | 'removed';
  /** An edge that was updated, as it was before. */
  before?: Dependency;
}>;

/** Lets a task wait for others, or refuses the whole list: what is not there, an ended task, a circle. */
export async function link(context: Context, task: Task, requests: readonly EdgeRequest[]): Promise<readonly Linked[]> {
  if (requests.length > 0 && isEnded(task.stage)) {
    throw refused(`Task ${task.id} is ${task.stage} and waits for nothing any more`, {
      lifecycle_stage: task.stage,
      suggestion: `Reopen ${task.id} with orchestrator_manage_lifecycle first`,
    });
  }
  refuseRepeats(requests);
  const present = await context.dependencies.of([task.id]);
  const linked: Linked[] = [];
  for (const request of requests) linked.push(await asked(context, task, { request, present }));
  const added = linked.filter(({ result }) => result === 'added').map(({ edge }) => edge);
  const updated = linked.flatMap(({ edge, before }) => (before === undefined ? [] : [{ edge, before }]));
  await write(context, task, { added, updated });
  await countEdgeChanges(
    context,
    updated.map(({ edge, before }) => ({ edge, was: before.status, is: edge.status })),
  );
  await refuseCircleOf(context, added);
  return linked;
}

/** One edge that is named twice would be counted twice. */
export function refuseRepeats(requests: readonly Pick<EdgeRequest, 'prerequisiteId' | 'type'>[]): void {
  const seen = new Set<string>();
  for (const { prerequisiteId, type } of requests) {
    const key = `${type} ${prerequisiteId}`;
    if (seen.has(key)) {
      throw invalid(`The ${type} dependency on ${prerequisiteId} is named twice`, {
        parameter: 'dependencies',
        suggestion: 'Repeat with each dependency named once',
      });
    }
    seen.add(key);
  }
}

type Asked = Readonly<{ request: EdgeRequest; present: readonly Dependency[] }>;

async function asked(context: Context, task: Task, { request, present }: Asked): Promise<Linked> {
  const { prerequisiteId, type, description, artifactType } = request;
  if (prerequisiteId === task.id) throw itself(task);
  const there = present.find((edge) => edge.prerequisiteId === prerequisiteId && edge.type === type);
  if (there === undefined) return { edge: await newEdge(context, task, request), result: 'added' };
  const edge = {
    ...there,
    description: description ?? there.description,
    artifactType: artifactType ?? there.artifactType,
  };
  if (edge.artifactType !== there.artifactType)
    return { edge: await judged(context, edge), before: there, result: 'updated' };
  if (edge.description === there.description) return { edge, result: 'unchanged' };
  return { edge, before: there, result: 'updated' };
}

const itself = ({ id }: Task) =>
  invalid(`Task ${id} cannot wait for itself`, {
    parameter: 'dependency_task_id',
    suggestion: 'Repeat with the task that has to be done before it',
  });

const newEdge = (context: Context, task: Task, request: EdgeRequest): Promise<Dependency> =>
  judged(context, { ...request, taskId: task.id, status: 'pending', verdict: undefined });

/** An edge with the status that its prerequisite gives it now. */
async function judged(context: Context, edge: Dependency): Promise<Dependency> {
  const task = await theTask(context, edge.prerequisiteId);
  const artifactTypes = await context.artifacts.typesHandedOn(task.id);
  return { ...edge, status: judge(edge, { task, isDeleted: false, artifactTypes }) };
}

type Updated = Readonly<{ edge: Dependency; before: Dependency }>;
type Written = Readonly<{ added: readonly Dependency[]; updated: readonly Updated[] }>;

async function write(context: Context, task: Task, { added, updated }: Written): Promise<void> {
  await context.dependencies.insert(added, context.clock());
  await context.dependencies.save(
    updated.map(({ edge }) => edge),
    context.clock(),
  );
  const details = task.stage === 'active' ? { after_start: true } : {};
  await context.record([
    ...added.map((edge) => edgeEvent('dependency.added', edge, details)),
    ...updated.map(({ edge, before }) => edgeEvent('dependency.updated', edge, { changes: changesOf(before, edge) })),
  ]);
  await countEdgeChanges(
    context,
    added.map((edge) => ({ edge, was: undefined, is: edge.status })),
  );
}

const NAMES = { description: 'description', artifactType: 'artifact_type', status: 'status' } as const;

/** What of an edge is no longer as it was, under its name on the wire. */
function changesOf(before: Dependency, after: Dependency): Readonly<Record<string, unknown>> {
  const fields = ['description', 'artifactType', 'status'] as const;
  const changed = fields.filter((field) => before[field] !== after[field]);
  return Object.fromEntries(changed.map((field) => [NAMES[field], { from: before[field], to: after[field] }]));
}

/** Lets a task no longer wait; an edge that is not there is refused, for the caller takes something for true that is not. */
export async function unlink(
  context: Context,
  task: Task,
  requests: readonly EdgeRequest[],
  details: Readonly<Record<string, unknown>> = {},
): Promise<readonly Linked[]> {
  refuseRepeats(requests);
  const present = await context.dependencies.of([task.id]);
  const removed = requests.map(({ prerequisiteId, type }) => {
    const edge = present.find((one) => one.prerequisiteId === prerequisiteId && one.type === type);
    if (edge === undefined) throw notThere(task, { prerequisiteId, type, present });
    return edge;
  });
  await context.dependencies.remove(removed);
  await context.record(removed.map((edge) => edgeEvent('dependency.removed', edge, details)));
  await countEdgeChanges(
    context,
    removed.map((edge) => ({ edge, was: edge.status, is: undefined })),
  );
  return removed.map((edge) => ({ edge, result: 'removed' as const }));
}

type Absent = Pick<EdgeRequest, 'prerequisiteId' | 'type'> & Readonly<{ present: readonly Dependency[] }>;

/** The refusal of a word about an edge that does not exist, with those that do. */
export const notThere = (task: Task, { prerequisiteId, type, present }: Absent) =>
  new OrchestratorError('not_found', `Task ${task.id} has no ${type} dependency on ${prerequisiteId}`, {
    dependencies: present.map((edge) => ({
      dependency_task_id: edge.prerequisiteId,
      dependency_type: edge.type,
      status: edge.status,
    })),
    suggestion: 'Repeat with one of these, or use operation add',
  });

/** Changes the status of existing edges by a word that was given about them. */
export async function rule(context: Context, changes: readonly Ruling[]): Promise<void> {
  const edges = changes.map(({ edge, status, verdict }) => ({ ...edge, status, verdict }));
  await context.dependencies.save(edges, context.clock());
  await context.record(
    changes.map(({ edge, type, details, status }) =>
      edgeEvent(type, edge, { from: edge.status, to: status, ...details }),
    ),
  );
  await countEdgeChanges(
    context,
    changes.map(({ edge, status }): EdgeChange => ({ edge, was: edge.status, is: status })),
  );
}

export type Ruling = Readonly<{
  edge: Dependency;
  status: DependencyStatus;
  verdict: NonNullable<Dependency['verdict']>;
  type: EventType;
  details: Readonly<Record<string, unknown>>;
}>;

const edgeEvent = (
  type: EventType,
  edge: Pick<Dependency, 'taskId' | 'prerequisiteId' | 'type'>,
  details: Readonly<Record<string, unknown>> = {},
): NewEvent => ({
  type,
  taskId: edge.taskId,
  details: { dependency_task_id: edge.prerequisiteId, dependency_type: edge.type, ...details },
});

import { circleCores } from '../../domain/circle-cores.ts';
import { type Circle, circlesAmong, type Links, namesAfter, type Opening, taskNamed } from '../../domain/circles.ts';
import type { Context } from '../tool.ts';
import { type Finding, type Found, mend, mending } from './findings.ts';
import { moveToTop, removeEdges } from './mending.ts';
import type { Run } from './run.ts';
import { inBatches, type Scope } from './scope.ts';

/** Names of the graph that are looked up at once. */
const AT_ONCE = 500;

/** Finds the circles that tasks of a scope are on or wait for, and opens them. */
export async function* openCircles(run: Run, scope: Scope): AsyncGenerator<readonly Finding[]> {
  const links = await (scope.ids === undefined ? linksOnCircles(run, scope) : linksAround(run, scope));
  // Whatever follows a change goes up and down the families, so that circles of parents are opened first.
  const circles = [...circlesAmong(links)].toSorted((a, b) => orderOf(a) - orderOf(b));
  for (const circle of circles) yield await mending(run, (context) => mend(run, context, [foundOn(circle)]));
}

const orderOf = ({ opening }: Circle) => (opening?.kind === 'parent' ? 0 : 1);

const LOOKING = {
  doing: 'looking for circles',
  work: ({ audit }: Context, ids: readonly string[]) => audit.links(ids),
};

/** The tasks of the whole store that lie on circles, which are few or none: there is no room for all that the others name. */
async function linksOnCircles(run: Run, scope: Scope): Promise<ReadonlyMap<string, Links>> {
  const cores = circleCores();
  for await (const found of inBatches(run, scope, LOOKING)) cores.add(found);
  const links = new Map<string, Links>();
  const ids = cores.ids();
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const some = ids.slice(at, at + AT_ONCE);
    for (const one of await run.look(({ audit }) => audit.links(some))) links.set(one.id, one);
  }
  return links;
}

/** The tasks of a scope and all that they wait for, at any distance. */
async function linksAround(run: Run, scope: Scope): Promise<ReadonlyMap<string, Links>> {
  const links = new Map<string, Links>();
  const seen = new Set<string>();
  const wanted: string[] = [];
  const want = (names: readonly string[]) => {
    for (const name of names) if (!seen.has(name)) wanted.push(name);
    for (const name of names) seen.add(name);
  };
  const take = (found: readonly Links[]) => {
    for (const one of found) links.set(one.id, one);
  };
  for await (const found of inBatches(run, scope, LOOKING)) {
    take(found);
    want(found.map(({ id }) => id));
  }
  while (wanted.length > 0) {
    const names = wanted.splice(-AT_ONCE);
    const unknown = [...new Set(names.map(taskNamed))].filter((id) => !links.has(id));
    if (unknown.length > 0) take(await run.look((context) => context.audit.links(unknown)));
    for (const name of names) {
      const task = links.get(taskNamed(name));
      if (task !== undefined) want(namesAfter(name, task));
    }
  }
  return links;
}

function foundOn({ path, opening }: Circle): Found {
  const isFamily = opening?.kind === 'parent';
  const description = isFamily ? `Parents form a circle: ${path.slice(1).join(', ')}` : path.join(' waits for ');
  const about = { task_id: opening?.taskId ?? path[0] ?? '' };
  if (opening === undefined) return { finding: 'gated_cycle', about, description, mend: undefined };
  const finding = isFamily ? 'parent_cycle' : 'dependency_cycle';
  return { finding, about, description, mend: (context) => open(context, opening, description) };
}

/** Opens a circle, unless the opening of another has done so. */
async function open(context: Context, opening: Opening, circle: string): Promise<void> {
  if (opening.kind === 'parent') {
    await moveToTop(context, opening.taskId, circle);
    return;
  }
  const edges = (await context.dependencies.of([opening.taskId])).filter(
    (edge) => edge.prerequisiteId === opening.prerequisiteId && edge.type !== 'approval',
  );
  await removeEdges(context, edges, `It closed a circle: ${circle}`);
}

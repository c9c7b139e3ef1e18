import { INDEX, indexPage, isOurs, type Overview, pageOf, planOfPage, planPage } from '../../domain/documentation.ts';
import { reaches } from '../../domain/maintenance.ts';
import { isLeaf, type Task } from '../../domain/task.ts';
import type { RootFilter } from '../repositories.ts';
import type { Context } from '../tool.ts';
import { aboutDamage } from './advice.ts';
import { auditOf } from './artifact-audit.ts';
import { listing, type Recommendation, replyWith } from './reply.ts';
import type { Run } from './run.ts';
import { inBatches, type Scope, scopeOf } from './scope.ts';

/** Plans that have pages, and single tasks that the index names, the newest of each; archived ones have had their time. */
const INDEXED = 5_000;
/** Notes about the workspace that the index repeats. */
const NOTES = 100;

/** A page, and what became of it. */
type Page = Readonly<{ path: string; result: string }>;

/** Brings the pages about plans up to date. A file that somebody else wrote in their place stays as it is. */
export async function updateDocumentation(run: Run) {
  const scope = await scopeOf(run);
  const overview = await run.look(overviewOf);
  const pages = await pagesOf(run, scope.ids === undefined ? overview.plans : await plansAround(run, scope));
  pages.push(await update(run, INDEX, indexPage(overview)));
  const isDeep = scope.ids === undefined && reaches(run.request.level, 'comprehensive');
  if (isDeep) pages.push(...(await clearPages(run)));
  const advice = [...aboutForeign(pages), ...(await aboutArtifacts(run, scope))];
  const summary = { pages: pages.length, changed: pages.filter(isChange).length };
  const found = listing(pages.toSorted((a, b) => Number(isChange(b)) - Number(isChange(a))));
  const { reply, entries } = replyWith(run, { advice, summary: { summary }, found });
  return { ...reply, files: entries };
}

const isChange = ({ result }: Page) => result !== 'unchanged';

async function pagesOf(run: Run, plans: readonly Task[]): Promise<Page[]> {
  const pages: Page[] = [];
  for (const [place, { id }] of plans.entries()) {
    const record = await run.look((context) => recordOf(context, id));
    if (record !== undefined) pages.push(await update(run, pageOf(record.plan), planPage(record)));
    run.count('pages');
    run.tell('writing pages', place + 1, plans.length);
  }
  return pages;
}

async function overviewOf({ tasks, notes }: Context): Promise<Overview> {
  const of = async (kind: RootFilter) => (await tasks.roots({ ...kind, limit: INDEXED })).toSorted(byAge);
  const [plans, single] = [await of(PLANS), await of(SINGLE)];
  const total = (await tasks.countRoots(PLANS)) + (await tasks.countRoots(SINGLE));
  return { plans, single, omitted: total - plans.length - single.length, notes: await notes.ofWorkspace(NOTES) };
}

const PLANS: RootFilter = { hasSubtasks: true };
const SINGLE: RootFilter = { hasSubtasks: false, isOpen: true };
const byAge = (a: Task, b: Task) => a.createdAt - b.createdAt;

/** The plans that the tasks of a scope are parts of. */
async function plansAround(run: Run, scope: Scope): Promise<readonly Task[]> {
  const plans = new Map<string, Task>();
  const batches = inBatches(run, scope, { doing: 'finding plans', work: topsOf });
  for await (const tops of batches) for (const top of tops) if (!isLeaf(top)) plans.set(top.id, top);
  return [...plans.values()].toSorted(byAge);
}

async function topsOf({ audit, tasks }: Context, ids: readonly string[]): Promise<readonly Task[]> {
  const above = await audit.above(ids);
  const tops = above.filter((one) => one.isThere && one.parentId === undefined).map(({ id }) => id);
  const all = await tasks.findAll([...new Set([...ids, ...tops])]);
  return all.filter(({ parentId }) => parentId === undefined);
}

/** All that is known about a plan at one moment; undefined where it was deleted meanwhile. */
async function recordOf({ tasks, dependencies, artifacts, notes }: Context, id: string) {
  const plan = await tasks.find(id);
  if (plan === undefined) return undefined;
  const descendants = await tasks.descendants(id);
  const ids = [id, ...descendants.map((task) => task.id)];
  const edges = await dependencies.of(ids);
  return { plan, descendants, edges, artifacts: await artifacts.of(ids), notes: await notes.of(ids) };
}

/** Writes a page only where it says something else than before, and never over what somebody else wrote. */
async function update({ beforehand, request, step }: Run, path: string, text: string): Promise<Page> {
  const { workspaceFiles } = beforehand;
  const present = await step(() => workspaceFiles.read(path));
  const shown = `.task_orchestrator/${path}`;
  if (present === text) return { path: shown, result: 'unchanged' };
  const isForeign = present === undefined ? await step(() => workspaceFiles.isTaken(path)) : !isOurs(present);
  if (isForeign) return { path: shown, result: 'kept' };
  if (!request.isDryRun) await step(() => workspaceFiles.write(path, text));
  const result = present === undefined ? 'created' : 'updated';
  return { path: shown, result: request.isDryRun ? `would_be_${result}` : result };
}

/** Moves pages of ours to the trash whose plan is no more, no plan any more, or a part of another. */
async function clearPages({ beforehand, request, look, step }: Run): Promise<readonly Page[]> {
  const { workspaceFiles } = beforehand;
  const cleared: Page[] = [];
  for (const file of await step(() => workspaceFiles.list('docs'))) {
    const id = planOfPage(file.path);
    const path = `docs/${file.path}`;
    if (id === undefined || (await look((context) => isPlan(context, id)))) continue;
    if (!isOurs((await workspaceFiles.read(path)) ?? '')) continue;
    if (!request.isDryRun) await workspaceFiles.toTrash(path);
    const result = request.isDryRun ? 'would_be_moved_to_trash' : 'moved_to_trash';
    cleared.push({ path: `.task_orchestrator/${path}`, result });
  }
  return cleared;
}

async function isPlan({ tasks }: Context, id: string): Promise<boolean> {
  const task = await tasks.find(id);
  return task !== undefined && task.parentId === undefined && !isLeaf(task);
}

function aboutForeign(pages: readonly Page[]): readonly Recommendation[] {
  const foreign = pages.filter(({ result }) => result === 'kept').map(({ path }) => path);
  if (foreign.length === 0) return [];
  const description = `Somebody else wrote ${foreign.slice(0, 5).join(', ')}; move it elsewhere to have the page written`;
  return [{ type: 'manual_review', priority: 'low', title: 'Look at files in the place of pages', description }];
}

/** The pages lead to artifacts; a full audit makes sure that these are what they were. */
async function aboutArtifacts(run: Run, scope: Scope): Promise<readonly Recommendation[]> {
  if (!reaches(run.request.level, 'full_audit')) return [];
  return aboutDamage(await auditOf(run, scope));
}

import type { EventGap, LostOwner } from '../repositories.ts';
import { type Finding, type Found, mend, mending } from './findings.ts';
import type { Run } from './run.ts';

/** Events, and tasks with dependencies or work, that are gone through at once. */
const AT_ONCE = 5_000;

/** Finds numbers that no event has: what happened then is not told any more. */
export async function* checkHistory(run: Run): AsyncGenerator<readonly Finding[]> {
  for (let at: number | undefined = 0; at !== undefined; ) {
    const from: number = at;
    const { gaps, next } = await run.look(({ audit }) => audit.eventGaps(from, AT_ONCE));
    if (gaps.length > 0) yield await run.look((context) => mend(run, context, gaps.map(foundAt)));
    at = next;
  }
}

function foundAt({ after, before }: EventGap): Found {
  const [first, last] = [after + 1, before - 1];
  const missing = first === last ? `Event ${first} is missing` : `Events ${first} to ${last} are missing`;
  return { finding: 'event_gap', about: {}, description: missing, mend: undefined };
}

/** Finds dependencies of tasks that do not exist: no walk over tasks meets them. */
export async function* checkLooseEdges(run: Run): AsyncGenerator<readonly Finding[]> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const from: string = after;
    const page = await run.look(({ audit }) => audit.dependents(from, AT_ONCE));
    const found = page.filter(({ isLost }) => isLost).map(({ id }) => foundOn(id));
    if (found.length > 0) yield await mending(run, (context) => mend(run, context, found));
    after = page.length < AT_ONCE ? undefined : page.at(-1)?.id;
  }
}

const foundOn = (id: string): Found => ({
  finding: 'dangling_dependency',
  about: { task_id: id },
  description: `Task ${id} has dependencies and does not exist`,
  mend: async ({ dependencies }) => dependencies.remove(await dependencies.of([id])),
});

/** Finds work of tasks that do not exist: no walk over tasks meets it. */
export async function* checkLostOwners(run: Run): AsyncGenerator<readonly Finding[]> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const from: string = after;
    const page = await run.look(({ audit }) => audit.lostOwners(from, AT_ONCE));
    if (page.length > 0) yield await run.look((context) => mend(run, context, page.map(lost)));
    after = page.length < AT_ONCE ? undefined : page.at(-1)?.id;
  }
}

const lost = ({ id, artifacts, notes }: LostOwner): Found => ({
  finding: 'lost_task',
  about: { task_id: id },
  description: `Task ${id} does not exist, and its work does: artifacts ${artifacts}, notes ${notes}`,
  mend: undefined,
});

/** Finds claims on tasks that are deleted or do not exist. */
export async function checkLooseClaims(run: Run): Promise<readonly Finding[]> {
  return mending(run, async (context) => {
    const held = (await context.claims.list()).map(({ taskId }) => taskId);
    const there = new Set((await context.standings.of(held)).map(({ id }) => id));
    return mend(run, context, held.filter((id) => !there.has(id)).map(claimedFor));
  });
}

const claimedFor = (id: string): Found => ({
  finding: 'idle_claim',
  about: { task_id: id },
  description: `Task ${id} is held and does not exist`,
  mend: ({ claims }) => claims.end(id),
});

/** What the database finds wrong with itself. */
export async function checkDatabase(run: Run): Promise<readonly Finding[]> {
  const problems = await run.look(({ audit }) => audit.integrity());
  const found = problems.map(
    (description): Found => ({ finding: 'damaged_database', about: {}, description, mend: undefined }),
  );
  return run.look((context) => mend(run, context, found));
}

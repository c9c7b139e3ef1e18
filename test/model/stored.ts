import Sqlite from 'better-sqlite3';
import type { DependencyType, Verdict } from '../../src/domain/dependencies.ts';
import type { Stage } from '../../src/domain/lifecycle.ts';
import {
  addPiece,
  type Edge,
  edgeStatus,
  emptyWorld,
  type Hold,
  isActionable,
  known,
  standingOf,
  type World,
} from './world.ts';

type TaskRow = Readonly<{
  id: string;
  parent_id: string | null;
  type: string;
  specialist: string | null;
  priority: number;
  stage: Stage;
  archived_from: Stage | null;
  deleted_at: number | null;
  deleted_with: string | null;
  actionable_since: number | null;
  hands_on: number;
}> &
  Readonly<Record<(typeof COUNTERS)[number][1], number>>;
type EdgeRow = Readonly<{
  task_id: string;
  prerequisite_id: string;
  type: DependencyType;
  status: string;
  verdict: Verdict | null;
}>;

const TASKS = `
  select tasks.*, exists (select 1 from artifacts where artifacts.task_id = tasks.id and trashed_at is null
    and outcome in ('continue', 'complete', 'synthesis')) as hands_on
  from tasks order by seq`;
const HOLDS = 'select id, task_id as task, holder, 0 as leaseMs, 0 as until, 0 as takenAt from claims';
const COUNTERS = [
  ['children', 'children'],
  ['openChildren', 'open_children'],
  ['completedChildren', 'completed_children'],
  ['leaves', 'leaves'],
  ['completedLeaves', 'completed_leaves'],
  ['unmet', 'unmet'],
  ['failed', 'failed'],
  ['gatesAbove', 'gates_above'],
  ['waiters', 'waiters'],
] as const;

/** What the counters, edges and offers in a store say that is not so, worked out from nothing but stages, parents and words. */
export function untruths(path: string): readonly unknown[] {
  const database = new Sqlite(path, { readonly: true });
  try {
    // In one transaction: others write meanwhile.
    const [tasks, edges, holds] = database.transaction(
      () =>
        [
          database.prepare<[], TaskRow>(TASKS).all(),
          database.prepare<[], EdgeRow>('select * from dependencies').all(),
          database.prepare<[], Hold>(HOLDS).all(),
        ] as const,
    )();
    const world = worldOf(tasks, edges, holds);
    const present = tasks.filter(({ id }) => world.pieces.has(id));
    const judged = edges.filter((edge) => world.pieces.has(edge.task_id));
    return [...present.flatMap((row) => amiss(world, row)), ...judged.flatMap((row) => misjudged(world, row))];
  } finally {
    database.close();
  }
}

const edgeOf = ({ task_id, prerequisite_id, type, verdict }: EdgeRow): Edge => ({
  task: task_id,
  prerequisite: prerequisite_id,
  type,
  verdict: verdict ?? undefined,
});

function worldOf(tasks: readonly TaskRow[], edges: readonly EdgeRow[], holds: readonly Hold[]): World {
  const world = emptyWorld(0);
  for (const { id, parent_id, type, specialist, priority, stage, ...row } of tasks) {
    addPiece(world, { id, parent: parent_id ?? undefined, type, specialist: specialist ?? undefined, priority, stage });
    const one = world.pieces.get(id);
    if (one === undefined) continue;
    one.endedAs = row.archived_from ?? undefined;
    one.handsOn = row.hands_on === 1;
    if (row.deleted_at === null) continue;
    world.pieces.delete(id);
    world.trash.set(id, { one, root: row.deleted_with ?? id, isOrphan: false });
  }
  world.edges = edges.map(edgeOf);
  world.holds = new Map(holds.map((hold) => [hold.task, hold]));
  return world;
}

function amiss(world: World, row: TaskRow): readonly unknown[] {
  const one = world.pieces.get(row.id);
  if (one === undefined) return [];
  const right = standingOf(world, one);
  const wrong = COUNTERS.filter(([name, column]) => right[name] !== row[column]).map(([name, column]) => ({
    id: row.id,
    counter: name,
    stored: row[column],
    right: right[name],
  }));
  const isOffered = row.actionable_since !== null;
  return isOffered === isActionable(world, one) ? wrong : [...wrong, { id: row.id, stage: row.stage, isOffered }];
}

function misjudged(world: World, row: EdgeRow): readonly unknown[] {
  const right = edgeStatus(world, edgeOf(row));
  return right === row.status ? [] : [{ ...row, right, prerequisite: known(world, row.prerequisite_id) }];
}

import { HANDS_ON } from '../../domain/artifact.ts';
import type { Handover, HeldUp, Holding } from '../../domain/handover.ts';
import { endedAs, isOpen } from '../../domain/lifecycle.ts';
import type { Level } from '../../domain/maintenance.ts';
import type { Note } from '../../domain/note.ts';
import { APPROVAL, byOffer, isActionable } from '../../domain/readiness.ts';
import { isLeaf, type Task } from '../../domain/task.ts';
import { isLive } from '../claims.ts';
import { asReason, obstaclesOf } from '../obstacles.ts';
import { lastWord } from '../recovery.ts';
import type { HeldClaim } from '../repositories.ts';
import type { Context } from '../tool.ts';
import { wayOut } from '../way-out.ts';
import type { Run } from './run.ts';
import { inBatches, type Scope } from './scope.ts';

/** Where the work of a scope stands, before it is told what to do next. */
export type Whereabouts = Pick<Handover, 'plans' | 'done' | 'inProgress' | 'heldUp' | 'ready' | 'notes'>;

/** Entries of each list, and notes of each batch: the deeper a handover goes, the further back it tells. */
const KEPT = { basic: 20, comprehensive: 100, full_audit: 500 } as const satisfies Record<Level, number>;

/** Kinds of notes that whoever goes on wants; progress is told by the work itself. */
const KINDS = ['decision', 'learning', 'risk', 'question'] as const;

export async function whereaboutsOf(run: Run, scope: Scope): Promise<Whereabouts> {
  const limit = KEPT[run.request.level];
  const batches = inBatches(run, scope, {
    doing: 'summing up',
    work: (...given) => lookAt(...given, limit),
  });
  let all = NOWHERE;
  for await (const some of batches) all = mostUseful(all, some, { limit, at: run.beforehand.clock() });
  const ofWorkspace = await run.look(({ notes }) => notes.ofWorkspace(limit));
  const known = ofWorkspace.filter(({ kind }) => KINDS.some((wanted) => wanted === kind));
  return { ...all, notes: [...known, ...all.notes] };
}

const NOWHERE: Whereabouts = { plans: [], done: [], inProgress: [], heldUp: [], ready: [], notes: [] };

type Choice = Readonly<{ limit: number; at: number }>;

/** The most useful of two parts: the latest work and notes, the most urgent of what is free, the oldest of the rest. */
function mostUseful(one: Whereabouts, other: Whereabouts, { limit, at }: Choice): Whereabouts {
  const latest = (a: Handover['done'][number], b: Handover['done'][number]) => endOf(b.task) - endOf(a.task);
  const bySeq = (a: Note, b: Note) => a.seq - b.seq;
  return {
    plans: [...one.plans, ...other.plans].slice(0, limit),
    done: [...one.done, ...other.done].toSorted(latest).slice(0, limit),
    inProgress: [...one.inProgress, ...other.inProgress].slice(0, limit),
    heldUp: [...one.heldUp, ...other.heldUp].slice(0, limit),
    ready: [...one.ready, ...other.ready].toSorted(byOffer(at)).slice(0, limit),
    notes: KINDS.flatMap((kind) =>
      [...one.notes, ...other.notes]
        .filter((note) => note.kind === kind)
        .toSorted(bySeq)
        .slice(-limit),
    ),
  };
}

const endOf = ({ completedAt, updatedAt }: Task) => completedAt ?? updatedAt;

async function lookAt(context: Context, ids: readonly string[], limit: number): Promise<Whereabouts> {
  const found = new Map((await context.tasks.findAll(ids)).map((task) => [task.id, task]));
  const tasks = ids.flatMap((id) => found.get(id) ?? []);
  const claims = (await context.claims.list({ taskIds: ids })).filter((claim) => isLive(claim, context));
  const held = new Map(claims.map((claim) => [claim.taskId, claim]));
  const open = tasks.filter(({ stage }) => isOpen(stage));
  const idle = open.filter((task) => isLeaf(task) && !held.has(task.id));
  const waiting = idle.filter((task) => task.stage !== 'active' && !isActionable(task));
  const done = tasks.filter((task) => isLeaf(task) && endedAs(task) === 'completed');
  return {
    plans: open.filter((task) => !isLeaf(task)),
    done: await withArtifacts(context, done.toSorted((a, b) => endOf(b) - endOf(a)).slice(0, limit)),
    inProgress: await Promise.all(open.flatMap((task) => holdings(context, task, held.get(task.id)))),
    heldUp: (await Promise.all(waiting.slice(0, limit).map((task) => heldUp(context, task)))).flat(),
    ready: idle.filter((task) => isActionable(task) || task.stage === 'active'),
    notes: await context.notes.of(ids, { kinds: KINDS, limit: limit * KINDS.length }),
  };
}

async function withArtifacts(context: Context, tasks: readonly Task[]): Promise<Handover['done']> {
  const artifacts = await context.artifacts.of(tasks.map(({ id }) => id));
  const handedOn = artifacts.filter(({ outcome }) => HANDS_ON.includes(outcome));
  return tasks.map((task) => ({ task, artifact: handedOn.findLast(({ taskId }) => taskId === task.id) }));
}

function holdings(context: Context, task: Task, claim: HeldClaim | undefined): readonly Promise<Holding>[] {
  if (claim === undefined) return [];
  const { holder: heldBy, agentName, leaseUntil } = claim;
  return [lastWord(context, task).then((said) => ({ task, heldBy, agentName, leaseUntil, lastWord: said }))];
}

async function heldUp(context: Context, task: Task): Promise<readonly HeldUp[]> {
  if (task.stage === 'blocked') {
    return [{ task, state: 'blocked', reason: await whyBlocked(context, task), wayOut: wayOut(context, task, []) }];
  }
  const obstacles = await obstaclesOf(context, task);
  const held = { task, wayOut: wayOut(context, task, obstacles) };
  if (task.standing.unmet + task.standing.gatesAbove === 0) {
    return task.type === APPROVAL ? [{ ...held, state: 'waiting', reason: 'it waits for a decision' }] : [];
  }
  const reason = obstacles.map(asReason).join('; ') || 'what it is a part of has ended';
  return [{ ...held, state: task.standing.failed > 0 ? 'stuck' : 'waiting', reason }];
}

async function whyBlocked({ artifacts }: Context, { id }: Task): Promise<string> {
  const last = (await artifacts.of([id])).findLast(({ outcome }) => outcome === 'blocked');
  return last?.summary ?? 'it was moved to blocked';
}

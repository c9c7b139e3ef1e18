import type { ArtifactType } from './artifact.ts';
import { withoutCircles } from './foreign-circles.ts';
import { isEnded, isOpen, type Stage } from './lifecycle.ts';
import type { NoteKind } from './note.ts';
import type { Complexity, Priority } from './task.ts';

/** Milliseconds, or the words of that tool where they tell no time; undefined where it tells none. */
export type ForeignMoment = number | string | undefined;

/** A task as another tool keeps it, in our words. */
export type ForeignTask = Readonly<{
  /** What that tool calls it; the same at every reading. */
  origin: string;
  parent?: string | undefined;
  title: string;
  type?: string | undefined;
  description?: string | undefined;
  context?: string | undefined;
  specialist?: string | undefined;
  stage: Stage;
  priority?: Priority | undefined;
  complexity?: Complexity | undefined;
  effort?: string | undefined;
  dueDate?: string | undefined;
  acceptanceCriteria?: readonly string[] | undefined;
  attributes?: Readonly<Record<string, unknown>> | undefined;
  createdAt?: ForeignMoment;
  updatedAt?: ForeignMoment;
  startedAt?: ForeignMoment;
  completedAt?: ForeignMoment;
  /** Origins of the tasks that it waits for. */
  waitsFor?: readonly string[] | undefined;
  notes?: readonly ForeignNote[] | undefined;
  works?: readonly ForeignWork[] | undefined;
}>;
export type ForeignNote = Readonly<{ kind: NoteKind; text: string; at?: ForeignMoment }>;
/** Work that was recorded with a task. */
export type ForeignWork = Readonly<{
  summary: string;
  work: string;
  type?: ArtifactType | undefined;
  filePaths?: readonly string[];
  at?: ForeignMoment;
}>;

/** All that another tool keeps. `lost` says in sentences what had no place here. */
export type ForeignProject = Readonly<{
  /** Sets what it calls its tasks apart from other projects of the same tool. */
  scope: string;
  tasks: readonly ForeignTask[];
  lost: readonly string[];
}>;

/** What became of a task that does not come in as it stands there. */
export type Adjusted = Readonly<{ origin: string; why: string }>;

/** The project as our rules allow it; what they do not is left out and told, and so is each stage that was put right. */
export function reconciled(project: ForeignProject): ForeignProject & Readonly<{ adjusted: readonly Adjusted[] }> {
  const lost = [...project.lost];
  const adjusted: Adjusted[] = [];
  const tell = (sentence: string) => void lost.push(sentence);
  const distinct = withoutRepeats(project.tasks, tell);
  const linked = withoutCircles(withKnownLinks(distinct, tell), tell);
  return { ...project, tasks: withFamilyStages(linked, (one) => void adjusted.push(one)), lost, adjusted };
}

/** Takes a sentence for people. */
export type Tell = (sentence: string) => void;
type ById = ReadonlyMap<string, ForeignTask>;

const byOrigin = (tasks: readonly ForeignTask[]): ById => new Map(tasks.map((task) => [task.origin, task]));

function withoutRepeats(tasks: readonly ForeignTask[], tell: Tell): readonly ForeignTask[] {
  const first = new Map<string, ForeignTask>();
  for (const task of tasks) {
    if (first.has(task.origin)) tell(`A second task is called ${task.origin}; the first one was taken`);
    else first.set(task.origin, task);
  }
  return [...first.values()];
}

function withKnownLinks(tasks: readonly ForeignTask[], tell: Tell): readonly ForeignTask[] {
  const known = byOrigin(tasks);
  return tasks.map((task) => {
    const { origin, parent } = task;
    const isParent = parent === undefined || (known.has(parent) && parent !== origin);
    if (!isParent) tell(`${origin} names ${parent} as its parent, which is not there; it stands at the top`);
    const waitsFor = [...new Set(task.waitsFor)].filter((other) => {
      if (other === origin) tell(`${origin} waits for itself`);
      else if (!known.has(other)) tell(`${origin} waits for ${other}, which is not there`);
      return known.has(other) && other !== origin;
    });
    return { ...task, parent: isParent ? parent : undefined, waitsFor };
  });
}

/** Gives parents the stage that follows from their subtasks, from the bottom up: other tools let the two contradict each other. */
function withFamilyStages(tasks: readonly ForeignTask[], tell: (adjusted: Adjusted) => void): readonly ForeignTask[] {
  const known = byOrigin(tasks);
  const children = Map.groupBy(tasks, ({ parent }) => parent ?? '');
  const stages = new Map(tasks.map(({ origin, stage }) => [origin, stage]));
  const stageOf = (origin: string) => stages.get(origin) ?? 'ready';
  const stageOfParent = (parent: ForeignTask): Stage => {
    const below = (children.get(parent.origin) ?? []).map(({ origin }) => stageOf(origin));
    const waits = parent.waitsFor?.some((other) => stageOf(other) !== 'completed') ?? false;
    return below.length === 0 || parent.origin === '' ? parent.stage : stageAbove(parent.stage, { below, waits });
  };
  for (const parent of bottomUp(tasks)) {
    const stage = stageOfParent(parent);
    // One that was only ready goes along with its subtasks, as it would have here.
    if (stage !== parent.stage && parent.stage !== 'ready')
      tell({ origin: parent.origin, why: `it was ${parent.stage} there; by its subtasks it is ${stage} here` });
    stages.set(parent.origin, stage);
  }
  return tasks.map((task) => ({ ...task, stage: known.has(task.origin) ? stageOf(task.origin) : task.stage }));
}

type Family = Readonly<{ below: readonly Stage[]; waits: boolean }>;

function stageAbove(stage: Stage, { below, waits }: Family): Stage {
  const hasOpen = below.some(isOpen);
  if (isEnded(stage) || (stage === 'review' && hasOpen)) return hasOpen ? reopenedAs({ below, waits }) : stage;
  if (stage === 'blocked' || waits) return stage;
  if (hasOpen) return below.some(hasBegun) ? 'active' : stage;
  return below.includes('completed') ? 'review' : stage;
}

const hasBegun = (stage: Stage) => stage === 'active' || stage === 'completed';
const reopenedAs = ({ below, waits }: Family): Stage => (!waits && below.some(hasBegun) ? 'active' : 'ready');

/** Children before their parents, which form no circle. */
function bottomUp(tasks: readonly ForeignTask[]): readonly ForeignTask[] {
  const known = byOrigin(tasks);
  const depths = new Map<string, number>();
  for (const task of tasks) {
    const way: string[] = [];
    for (
      let at: ForeignTask | undefined = task;
      at !== undefined && !depths.has(at.origin);
      at = known.get(at.parent ?? '')
    ) {
      way.push(at.origin);
    }
    for (const origin of way.toReversed()) depths.set(origin, (depths.get(known.get(origin)?.parent ?? '') ?? 0) + 1);
  }
  return tasks.toSorted((a, b) => (depths.get(b.origin) ?? 0) - (depths.get(a.origin) ?? 0));
}

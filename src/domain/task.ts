import type { Stage } from './lifecycle.ts';

/** Priorities from the least to the most urgent; the index is what is compared. */
export const PRIORITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const COMPLEXITIES = ['simple', 'moderate', 'complex', 'very_complex'] as const;
export type Complexity = (typeof COMPLEXITIES)[number];

export const EFFORTS = ['low', 'medium', 'high'] as const;

export const LIMITS = {
  title: 500,
  text: 100_000,
  effort: 100,
  attributesBytes: 64 * 1024,
  attributeKeys: 1_000,
  attributeDepth: 20,
  /** Characters of the work handed in with a completion: 4 MiB of UTF-8 at the most. */
  workBytes: 4 * 1024 * 1024,
  subtasks: 500,
} as const;

/** The only entity of work: a plan, a step of it, an epic, an approval. */
export type Task = Readonly<{
  id: string;
  parentId: string | undefined;
  type: string;
  title: string;
  description: string | undefined;
  context: string | undefined;
  specialist: string | undefined;
  stage: Stage;
  priority: Priority;
  complexity: Complexity | undefined;
  effort: string | undefined;
  dueDate: string | undefined;
  acceptanceCriteria: readonly string[];
  attributes: Readonly<Record<string, unknown>>;
  templateId: string | undefined;
  sessionId: string;
  version: number;
  createdAt: number;
  updatedAt: number;
  startedAt: number | undefined;
  completedAt: number | undefined;
  supersededBy: string | undefined;
  /** What it ended as before it was archived or superseded. */
  archivedFrom: Stage | undefined;
  standing: Standing;
}>;

/**
 * How a task stands among the others. These are counters, kept by the transaction that changes them,
 * so that no question about readiness or progress has to walk the graph.
 */
export type Standing = Readonly<{
  children: number;
  openChildren: number;
  completedChildren: number;
  /** Leaves below it that count towards progress (cancelled and superseded ones do not), and how many of them are completed. */
  leaves: number;
  completedLeaves: number;
  /** Its own dependencies that are neither satisfied nor waived, and how many of those failed. */
  unmet: number;
  failed: number;
  /** Ancestors that hold it back: blocked, ended, or waiting themselves. */
  gatesAbove: number;
  /** Open tasks that wait directly for it. */
  waiters: number;
  /** Since when it could be taken, in milliseconds; undefined while it cannot. */
  actionableSince: number | undefined;
}>;

export const NEW_STANDING: Standing = {
  children: 0,
  openChildren: 0,
  completedChildren: 0,
  leaves: 0,
  completedLeaves: 0,
  unmet: 0,
  failed: 0,
  gatesAbove: 0,
  waiters: 0,
  actionableSince: undefined,
};

/** What a new task must say; the rest has defaults. */
export type NewTask = Pick<Task, 'id' | 'type' | 'title' | 'sessionId' | 'createdAt'> & Partial<Task>;

export const newTask = (given: NewTask): Task => ({
  parentId: undefined,
  description: undefined,
  context: undefined,
  specialist: undefined,
  stage: 'ready',
  priority: 'medium',
  complexity: undefined,
  effort: undefined,
  dueDate: undefined,
  acceptanceCriteria: [],
  attributes: {},
  templateId: undefined,
  version: 1,
  updatedAt: given.createdAt,
  startedAt: undefined,
  completedAt: undefined,
  supersededBy: undefined,
  archivedFrom: undefined,
  standing: NEW_STANDING,
  ...given,
});

export const isLeaf = (task: Pick<Task, 'standing'>) => task.standing.children === 0;

/** A plan has no title of its own: the first line of its description names it, cut at 120 characters. */
export function titleFrom(description: string): string {
  const line = description.split('\n').find((candidate) => candidate.trim() !== '') ?? description;
  return cut(line.trim(), 120);
}

/** Whether nothing of a text shows: spaces do not, nor do marks without a width. */
export const isBlank = (text: string) => !/[^\s\p{Cc}\p{Default_Ignorable_Code_Point}]/u.test(text);

/** Cuts a text at `length` characters, marking the cut with `…`; a surrogate pair is never split. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = length - 1;
  const splitsPair = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
  return `${text.slice(0, splitsPair ? end - 1 : end)}…`;
}

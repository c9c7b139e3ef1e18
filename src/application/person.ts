import type { Dependency } from '../domain/dependencies.ts';

/** An edge that is opened by a word about it alone; an approval that is decided by itself stands on both sides. */
export type Gate = Pick<Dependency, 'taskId' | 'prerequisiteId' | 'type'>;

export const isSameGate = (one: Gate, other: Gate): boolean =>
  one.taskId === other.taskId && one.prerequisiteId === other.prerequisiteId && one.type === other.type;

/** Whose word opens a gate: anyone's who calls, or a person's alone. */
export const APPROVALS = ['anyone', 'person'] as const;
export type Approvals = (typeof APPROVALS)[number];

/** What a person is asked: a text that says it all, and a word about each gate. */
export type Question = Readonly<{ text: string; gates: readonly (Gate & Readonly<{ title: string }>)[] }>;

export type Word = 'approved' | 'rejected';
/** What a person said; no words where they left it undecided. */
export type Answer = Readonly<{ words: readonly (Gate & Readonly<{ word: Word }>)[]; comment?: string }>;

/** The person at a client that can ask them. */
export type Person = Readonly<{
  /** As events name who decided. */
  name: string;
  /** What they said; absent until they were asked. */
  answer?: Answer;
}>;

/** A person has to answer in one sitting; whatever waits for more is not for a question between two calls. */
export const MOST_ASKED = 5;

/**
 * Ends a call that has done nothing yet: a person is to be asked, and the call made again with the answer. So no
 * transaction, lock or time limit waits for a person, and it is the same to every face how it asks.
 */
export class Unanswered extends Error {
  readonly question: Question;

  constructor(question: Question) {
    super(question.text);
    this.name = 'Unanswered';
    this.question = question;
  }
}

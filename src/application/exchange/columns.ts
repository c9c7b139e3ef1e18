import type { Stage } from '../../domain/lifecycle.ts';

/** What is remembered of a task of a file while the rest of it is read. */
export type SurveyedTask = Readonly<{
  id: string;
  /** How its line is told of. */
  place: string;
  createdAt: number;
  stage: Stage;
  archivedFrom: Stage | undefined;
  type: string;
  prefix: string;
  /** Where another tool had it. */
  origin: string | undefined;
  /** Number of the parent in the file, -1 where it has none there. */
  parent: number;
}>;

/** Tasks by their numbers. */
export type SurveyedTasks = Readonly<{
  count(): number;
  at(number: number): SurveyedTask | undefined;
  slice(from: number, to: number): readonly SurveyedTask[];
}>;

export const NO_PARENT = -1;

/** A column for each field: as objects, tasks take twice the memory. */
export function newColumns() {
  const [ids, places, types, prefixes]: [string[], string[], string[], string[]] = [[], [], [], []];
  const createdAt: number[] = [];
  const stages: Stage[] = [];
  const archivedFrom: (Stage | undefined)[] = [];
  const origins: (string | undefined)[] = [];
  const parents: number[] = [];
  const [onceWord, onceStage] = [once<string>(), once<Stage>()];
  const at = (number: number): SurveyedTask | undefined => {
    const id = ids[number];
    if (id === undefined) return undefined;
    return {
      id,
      place: places[number] ?? '',
      createdAt: createdAt[number] ?? 0,
      stage: stages[number] ?? 'ready',
      archivedFrom: archivedFrom[number],
      type: types[number] ?? '',
      prefix: prefixes[number] ?? '',
      origin: origins[number],
      parent: parents[number] ?? NO_PARENT,
    };
  };
  return {
    parents,
    count: () => ids.length,
    at,
    slice: (from: number, to: number) => ids.slice(from, to).flatMap((_, index) => at(from + index) ?? []),
    add(task: SurveyedTask) {
      ids.push(task.id);
      places.push(task.place);
      createdAt.push(task.createdAt);
      stages.push(onceStage(task.stage));
      archivedFrom.push(task.archivedFrom);
      types.push(onceWord(task.type));
      prefixes.push(onceWord(task.prefix));
      origins.push(task.origin);
      parents.push(task.parent);
    },
  };
}

/** Gives the first of equal words for all of them: each line brings copies of its own. */
function once<Word extends string>() {
  const words = new Map<Word, Word>();
  return (word: Word): Word => {
    const known = words.get(word);
    if (known === undefined) words.set(word, word);
    return known ?? word;
  };
}

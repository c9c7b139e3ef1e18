import { DEPENDENCY_TYPES } from '../../domain/dependencies.ts';
import { invalid, OrchestratorError } from '../../domain/errors.ts';
import { roundAmong } from '../../domain/round.ts';
import { NO_PARENT, newColumns, type SurveyedTasks } from './columns.ts';
import type { Entry, ExchangeSource } from './files.ts';
import { type DependencyRecord, type ExchangeRecord, isHead, readHead, readRecord, type TaskRecord } from './record.ts';

/** What an import is about, without its texts: all that has to be held in memory of a file of any size. */
export type Survey = Readonly<{
  exportedAt: number;
  /** Numbers of the tasks by the ids that the file gives them. */
  numbers: ReadonlyMap<string, number>;
  tasks: SurveyedTasks;
  /** The task of each artifact, by the ids that the file gives them. */
  artifacts: ReadonlyMap<string, string>;
  /** Lines but the head and the end. */
  lines: number;
}>;
const LIMITS = {
  /** Lines that one transaction takes in. */
  lines: 1_000_000,
  /** Levels of subtasks: deeper ones are a mistake, and counting them takes time that grows with the square. */
  levels: 1_000,
  /** Problems that a refusal names. */
  problems: 20,
} as const;

/** Reads all of a source once and checks what can be told from the file alone. Refuses naming each line that is wrong, the first ones. */
export async function survey(source: ExchangeSource, signal: AbortSignal): Promise<Survey> {
  const surveyor = new Surveyor(source.shown);
  for await (const entry of source.entries()) {
    signal.throwIfAborted();
    surveyor.take(entry);
  }
  return surveyor.finished();
}

/** The records of a source that was surveyed, with how their lines are told of. */
export async function* recordsOf(
  source: ExchangeSource,
): AsyncGenerator<Readonly<{ place: string; record: ExchangeRecord }>> {
  for await (const { place, value, isPlain } of source.entries()) {
    if (!isHead(value)) yield { place, record: readRecord({ value, isPlain }) };
  }
}

/** Lives as long as one reading of a file. */
class Surveyor {
  readonly #shown: string;
  readonly #numbers = new Map<string, number>();
  readonly #tasks = newColumns();
  /** Of tasks whose parents come later. */
  readonly #lateParents = new Map<number, string>();
  readonly #waiting: number[] = [];
  readonly #awaited: number[] = [];
  /** Of pairs in the file a number each: as texts they take ten times the memory. */
  readonly #dependencies = new Set<string | number>();
  readonly #artifacts = new Map<string, string>();
  readonly #problems: string[] = [];
  #exportedAt: number | undefined;
  #lines = 0;
  #isEnded = false;

  constructor(shown: string) {
    this.#shown = shown;
  }

  take({ place, value, isPlain }: Entry): void {
    if (this.#exportedAt === undefined) {
      this.#exportedAt = this.#readHead(value);
      return;
    }
    this.#lines += 1;
    try {
      const record = readRecord({ value, isPlain });
      if (this.#isEnded) throw invalid('nothing can stand after the end line');
      this.#enter(record, place);
    } catch (error) {
      this.#problem(place, wrongIn(error));
    }
    if (this.#lines > LIMITS.lines)
      throw this.#refusal(`${this.#shown} has more than ${LIMITS.lines} lines`, TOO_LARGE);
  }

  finished(): Survey {
    if (this.#exportedAt === undefined) throw this.#refusal(`${this.#shown} is empty`, NO_EXPORT);
    if (!this.#isEnded && this.#problems.length === 0) {
      throw this.#refusal(
        `${this.#shown} ends after ${this.#lines} lines, before its end line`,
        'Export again, or copy the file once more: this one is cut off',
      );
    }
    this.#findLateParents();
    if (this.#problems.length === 0) this.#checkShape(this.#tasks.parents);
    if (this.#problems.length > 0) throw this.#refused();
    return {
      exportedAt: this.#exportedAt,
      numbers: this.#numbers,
      tasks: this.#tasks,
      artifacts: this.#artifacts,
      lines: this.#lines,
    };
  }

  #readHead(value: unknown): number {
    if (!isHead(value)) throw this.#refusal(`${this.#shown} does not begin as an export of ours does`, NO_EXPORT);
    try {
      return Date.parse(readHead(value).exported_at);
    } catch (error) {
      if (!(error instanceof OrchestratorError)) throw error;
      throw this.#refusal(`${this.#shown}, line 1: ${error.message}`, error.suggestion ?? NO_EXPORT);
    }
  }

  #enter(record: ExchangeRecord, place: string): void {
    switch (record.kind) {
      case 'task':
        this.#enterTask(record, place);
        return;
      case 'dependency':
        this.#enterDependency(record);
        return;
      case 'artifact':
        this.#numberOf(record.task_id);
        if (this.#artifacts.has(record.artifact_id))
          throw invalid(`the artifact ${record.artifact_id} stands here twice`);
        this.#artifacts.set(record.artifact_id, record.task_id);
        return;
      case 'note':
        if (record.task_id !== undefined) this.#numberOf(record.task_id);
        return;
      case 'end':
        this.#isEnded = true;
        this.#lines -= 1;
        if (record.lines !== this.#lines)
          throw invalid(`it tells of ${record.lines} lines, and there are ${this.#lines}`);
        return;
      case 'session':
    }
  }

  #enterDependency(record: DependencyRecord): void {
    const { task_id, dependency_task_id, dependency_type, outside } = record;
    if (task_id === dependency_task_id) throw invalid(`the task ${task_id} waits for itself`);
    const waiting = this.#numberOf(task_id);
    const awaited = outside === true ? NO_PARENT : this.#numberOf(dependency_task_id);
    const key =
      outside === true
        ? `${waiting} ${dependency_task_id} ${dependency_type}`
        : pairOf({ waiting, awaited, dependency_type });
    if (this.#dependencies.has(key))
      throw invalid(`the dependency of ${task_id} on ${dependency_task_id} stands here twice`);
    this.#dependencies.add(key);
    this.#waiting.push(waiting);
    this.#awaited.push(awaited);
  }

  #enterTask(record: TaskRecord, place: string): void {
    const earlier = this.#tasks.at(this.#numbers.get(record.task_id) ?? -1);
    if (earlier !== undefined) throw invalid(`the task ${record.task_id} stands at ${earlier.place} already`);
    if (record.parent_task_id === record.task_id) throw invalid(`the task ${record.task_id} is its own parent`);
    this.#numbers.set(record.task_id, this.#tasks.count());
    const origin = record.attributes.imported_from;
    this.#tasks.add({
      id: record.task_id,
      place,
      createdAt: Date.parse(record.created_at),
      stage: record.lifecycle_stage,
      archivedFrom: record.archived_from,
      type: record.task_type,
      prefix: record.specialist_type ?? 'task',
      origin: typeof origin === 'string' ? origin : undefined,
      parent: this.#numberOfParent(record),
    });
  }

  /** Whatever names a task comes after it; only parents may come later. */
  #numberOf(id: string): number {
    const number = this.#numbers.get(id);
    if (number === undefined) throw invalid(`it names the task ${id}, which no line before it brings`);
    return number;
  }

  #numberOfParent({ parent_outside, parent_task_id }: TaskRecord): number {
    if (parent_task_id === undefined || parent_outside === true) return NO_PARENT;
    const parent = this.#numbers.get(parent_task_id);
    if (parent === undefined) this.#lateParents.set(this.#tasks.count(), parent_task_id);
    return parent ?? NO_PARENT;
  }

  #findLateParents(): void {
    for (const [number, id] of this.#lateParents) {
      const parent = this.#numbers.get(id);
      if (parent === undefined) this.#problem(this.#placeOf(number), `its parent ${id} is not in the file`);
      else this.#tasks.parents[number] = parent;
    }
  }

  #checkShape(parents: readonly number[]): void {
    // Pairs whose other end is outside the file close no circle in it.
    const inside = this.#awaited.flatMap((task, index) => (task < 0 ? [] : [index]));
    const waiting = inside.map((index) => this.#waiting[index] ?? 0);
    const awaited = inside.map((index) => this.#awaited[index] ?? 0);
    const round = roundAmong({ parents, waiting, awaited });
    if (round !== undefined) {
      const way = round.map((number) => this.#tasks.at(number)?.id).join(', ');
      this.#problem(this.#placeOf(round[0] ?? 0), `these tasks wait for each other in a circle: ${way}`);
      return;
    }
    const deep = tooDeep(parents);
    if (deep !== undefined) this.#problem(this.#placeOf(deep), `it lies deeper than ${LIMITS.levels} levels`);
  }

  #placeOf = (number: number) => this.#tasks.at(number)?.place ?? '';

  #problem(place: string, message: string): void {
    this.#problems.push(`${place}: ${message}`);
    if (this.#problems.length >= LIMITS.problems) throw this.#refused();
  }

  #refused() {
    const [first = '', ...others] = this.#problems;
    return invalid(`${this.#shown}, ${first}${moreOf(others.length)}`, {
      problems: this.#problems,
      suggestion: 'Mend these lines or export again, then repeat the call; nothing was imported',
    });
  }

  #refusal = (message: string, suggestion: string) => invalid(message, { suggestion });
}

/** Reading ends with as many problems as are named, so that there may be others. */
function moreOf(others: number): string {
  if (others === 0) return '';
  const least = others + 1 < LIMITS.problems ? '' : 'at least ';
  return `; ${least}${others === 1 ? '1 more line is' : `${others} more lines are`} wrong`;
}

/** What is wrong with a line; of one that is nested deeper than the stack, nothing else is known. */
function wrongIn(error: unknown): string {
  if (error instanceof RangeError) return 'it is nested too deeply';
  if (error instanceof OrchestratorError) return error.message;
  throw error;
}

const TOO_LARGE = 'Export one plan after the other, each with its task_id, and import them one by one';
const NO_EXPORT = 'Name a file that orchestrator_export_workflow wrote, or say with from_tool which tool it is from';

type Pair = Pick<DependencyRecord, 'dependency_type'> & Readonly<{ waiting: number; awaited: number }>;

/** Below 2⁵³ for as many lines as are taken. */
const pairOf = ({ waiting, awaited, dependency_type }: Pair): number =>
  (waiting * LIMITS.lines + awaited) * DEPENDENCY_TYPES.length + DEPENDENCY_TYPES.indexOf(dependency_type);

/** The first task that lies too deep; parents form no circle. */
function tooDeep(parents: readonly number[]): number | undefined {
  const depths = new Int32Array(parents.length);
  const parentOf = (task: number) => parents[task] ?? -1;
  const depthOf = (task: number) => (task < 0 ? 0 : (depths[task] ?? 0));
  for (const start of parents.keys()) {
    const way: number[] = [];
    for (let at = start; at >= 0 && depthOf(at) === 0; at = parentOf(at)) way.push(at);
    for (const task of way.toReversed()) depths[task] = depthOf(parentOf(task)) + 1;
  }
  const found = depths.findIndex((depth) => depth > LIMITS.levels);
  return found < 0 ? undefined : found;
}

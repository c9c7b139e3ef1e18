import { endedAs, isOpen, type Stage, stagesTo } from '../../domain/lifecycle.ts';
import { APPROVAL } from '../../domain/readiness.ts';
import { cut, isLeaf, type Task } from '../../domain/task.ts';
import { wholeTask } from '../views.ts';

/** A field that two copies of a task tell differently, both values cut short; one that is absent says nothing. */
export type Difference = Readonly<{
  field: string;
  here?: string;
  in_file?: string;
  /** The stages to pass here, where one has to be made equal. */
  way?: string;
}>;

/** A task, and how a file has it, with the ids of here. */
export type Copies = Readonly<{
  here: Task;
  there: Task;
  /** Whether the file names a priority. */
  isRanked: boolean;
  /** Whether the file is of ours, and so tells everything. What another tool does not tell is no difference. */
  isOurs: boolean;
}>;

/** What somebody can change on either side; what nobody can change here stands in the way of no agreement. */
const COMPARED: ReadonlySet<string> = new Set([
  'title',
  'description',
  'context',
  'specialist_type',
  'priority',
  'estimated_effort',
  'due_date',
  'acceptance_criteria',
  'parent_task_id',
]);
/** What an import itself writes. */
const OWN: ReadonlySet<string> = new Set(['imported_from', 'import_mark']);

/** The fields that are to be made equal before the two copies are one again. */
export function differences(copies: Copies): readonly Difference[] {
  const { here, there, isRanked, isOurs } = copies;
  const [is, says] = [fieldsOf(here), fieldsOf(there)];
  if (!isRanked) says.delete('priority');
  const names = isOurs ? new Set([...says.keys(), ...is.keys()]) : says.keys();
  const told = [...names].filter((name) => textOf(is.get(name)) !== textOf(says.get(name)));
  return [
    ...(isSameStage(copies) ? [] : [stageApart(copies)]),
    ...(isSameKind(copies) ? [] : [differenceOf('task_type', here.type, there.type)]),
    ...told.map((name) => differenceOf(name, is.get(name), says.get(name))),
  ];
}

/** All that somebody can change of a task, as one text: the same of one that was changed and changed back. */
export function likenessOf(task: Task): string {
  const stage = TO_BE_DONE.has(task.stage) ? 'ready' : task.stage;
  const fields = [...fieldsOf(task)].map(([name, value]) => [name, textOf(value)]);
  return JSON.stringify([stage, task.type, ...fields.toSorted()]);
}

function fieldsOf(task: Task): Map<string, unknown> {
  const own = Object.entries(wholeTask(task)).filter(([name]) => COMPARED.has(name));
  const free = Object.entries(task.attributes).filter(([name]) => !OWN.has(name));
  return new Map<string, unknown>([...own, ...free.map(([name, value]) => [`attributes.${name}`, value] as const)]);
}

/** Ends of lines and gaps around a text are no difference that anybody sees. */
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value.replaceAll('\r\n', '\n').trim() : JSON.stringify(value);

const GIVEN_UP: ReadonlySet<Stage> = new Set(['cancelled', 'failed', 'superseded']);
/** Claims do not travel, so that both mean that it is to be done. */
const TO_BE_DONE: ReadonlySet<Stage> = new Set(['ready', 'active']);

function isSameStage({ here, there, isOurs }: Copies): boolean {
  if (here.stage === there.stage || endedAs(here) === endedAs(there)) return true;
  const areBoth = (stages: ReadonlySet<Stage>) => stages.has(here.stage) && stages.has(there.stage);
  // An open parent is where its subtasks are, and other tools have one word for what was given up.
  const isParent = !isLeaf(here) && isOpen(here.stage) && isOpen(there.stage);
  return isParent || areBoth(TO_BE_DONE) || (!isOurs && areBoth(GIVEN_UP));
}

function stageApart({ here, there }: Copies): Difference {
  const way = stagesTo(here, endedAs(there))?.join(', then ');
  return { ...differenceOf('lifecycle_stage', here.stage, there.stage), ...(way !== undefined && { way }) };
}

/** No file makes an approval of a task, or a task of an approval. */
const isSameKind = ({ here, there, isOurs }: Copies): boolean =>
  here.type === there.type || (!isOurs && here.type !== APPROVAL && there.type !== APPROVAL);

function differenceOf(field: string, here: unknown, there: unknown): Difference {
  const [is = '', says = ''] = [textOf(here), textOf(there)];
  const from = whereApart(is, says);
  return {
    field,
    ...(here !== undefined && { here: shown(is, from) }),
    ...(there !== undefined && { in_file: shown(says, from) }),
  };
}

/** Characters of a value that are shown, and how many of them may be the same on both sides. */
const [SHOWN, SAME] = [80, 30];

/** From where on two texts are shown, so that what is shown of them differs. */
function whereApart(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at <= SAME ? 0 : at - SAME / 2;
}

const shown = (text: string, from: number) =>
  cut(from === 0 ? text : `…${text.slice(from)}`, SHOWN)
    .toWellFormed()
    .replaceAll(/\s+/g, ' ');

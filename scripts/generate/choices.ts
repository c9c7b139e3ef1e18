import type { Template } from '../../src/domain/template.ts';

export type Given = Readonly<Record<string, unknown>>;

/** Every combination of the enums and booleans of a template, each with optional values and lists left out and given. */
export function choicesOf(template: Template): readonly Given[] {
  const free = Object.entries(template.parameters).flatMap(([name, { type, values = [] }]) =>
    type === 'enum' || type === 'boolean' ? [[name, type === 'enum' ? values : [false, true]] as const] : [],
  );
  const combined = free.reduce<readonly Given[]>(
    (choices, [name, values]) => choices.flatMap((choice) => values.map((value) => ({ ...choice, [name]: value }))),
    [required(template)],
  );
  return combined.flatMap((choice) => [choice, { ...choice, ...extras(template) }]);
}

/** Values for what has no default. */
export const required = ({ parameters }: Template): Given =>
  Object.fromEntries(
    Object.entries(parameters)
      .filter(([, { required: isNeeded = true, default: preset }]) => isNeeded && preset === undefined)
      .map(([name]) => [name, 'R&D <sync>']),
  );

const extras = ({ parameters }: Template): Given =>
  Object.fromEntries(
    Object.entries(parameters).flatMap(
      ([name, { type, required: isNeeded = true }]): (readonly [string, unknown])[] => {
        if (type === 'array') return [[name, ['api', 'the user interface']]];
        return isNeeded ? [] : [[name, type === 'date' ? '2027-03-01' : 'north-1']];
      },
    ),
  );

/** A task and what it waits for, by places or by ids. */
type Waiting<Id> = Readonly<{ id: Id; parent?: Id | undefined; waitsFor: readonly Id[] }>;

/**
 * Works tasks as people would, all that can begin at once in each round; gives how many leaves each round had. A round of
 * none while something is left means that the rest waits in a circle.
 */
export function roundsOf<Id>(tasks: readonly Waiting<Id>[]): readonly number[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const children = Map.groupBy(tasks, ({ parent }) => parent);
  const above = ({ parent }: Waiting<Id>) => (parent === undefined ? undefined : byId.get(parent));
  const ended = new Set<Id>();
  const waits = (task: Waiting<Id> | undefined): boolean =>
    task !== undefined && (task.waitsFor.some((id) => !ended.has(id)) || waits(above(task)));
  const close = (task: Waiting<Id> | undefined): void => {
    if (task === undefined || !children.get(task.id)?.every(({ id }) => ended.has(id))) return;
    ended.add(task.id);
    close(above(task));
  };
  const rounds: number[] = [];
  while (ended.size < tasks.length && rounds.at(-1) !== 0) {
    const ready = tasks.filter((task) => !children.has(task.id) && !ended.has(task.id) && !waits(task));
    for (const { id } of ready) ended.add(id);
    for (const task of ready) close(above(task));
    rounds.push(ready.length);
  }
  return rounds;
}

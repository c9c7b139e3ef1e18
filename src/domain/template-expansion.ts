import { type Condition, condition, type Values } from './condition.ts';
import type { DependencyType } from './dependencies.ts';
import { invalid, OrchestratorError } from './errors.ts';
import { ITEM, TEMPLATE_LIMITS, type Template, type TemplateTask, type Wait } from './template.ts';
import { listAt } from './template-parameters.ts';

/** One task that a template's entry becomes, before its texts are filled in. Places are those in the list of all. */
export type Instance = Readonly<{
  /** Its entry's key, with the numbers of the list members that it and those above it are about. */
  name: string;
  entry: TemplateTask;
  parent: number | undefined;
  values: Values;
  /** Where the value that is called `item` stands among the parameters, such as `parameters.modules[0]`. */
  item: string | undefined;
}>;
/** `from` waits for `to`. */
export type InstanceEdge = Omit<Wait, 'key'> & Readonly<{ from: number; to: number }>;
export type Expansion = Readonly<{ instances: readonly Instance[]; edges: readonly InstanceEdge[] }>;

/** An instance, or one that `when` or an empty list left out: it still tells what its dependents have to wait for. */
type Candidate = Instance & Readonly<{ place: number; numbers: readonly number[]; isDropped: boolean }>;

/**
 * The tasks that a template makes of values, parents before children, and what each waits for. Nothing is rendered yet:
 * a template that would make too many is refused after at most `TEMPLATE_LIMITS.steps` steps.
 */
export function expand(template: Pick<Template, 'id' | 'tasks'>, values: Values): Expansion {
  const candidates: Candidate[] = [];
  const growing = { template, candidates, count: { kept: 0 }, conditions: new Map(), above: undefined, values };
  for (const entry of template.tasks) grow(entry, growing);
  const edges = edgesAmong(template, candidates);
  const kept = candidates.filter(({ isDropped }) => !isDropped);
  const places = new Map(kept.map(({ place }, index) => [place, index]));
  const placeOf = (place: number) => places.get(place) ?? 0;
  return {
    instances: kept.map(({ name, entry, parent, values: own, item }) => ({
      name,
      entry,
      parent: parent === undefined ? undefined : placeOf(parent),
      values: own,
      item,
    })),
    edges: edges.map(({ from, to, ...rest }) => ({ from: placeOf(from), to: placeOf(to), ...rest })),
  };
}

type Growing = Readonly<{
  template: Pick<Template, 'id'>;
  candidates: Candidate[];
  count: { kept: number };
  /** Each is read once, and asked for every member of a list. */
  conditions: Map<string, Condition>;
  above: Candidate | undefined;
  values: Values;
}>;

function grow(entry: TemplateTask, growing: Growing): void {
  const { template, candidates, count, above } = growing;
  for (const { values, numbers, item } of scopesOf(entry, growing)) {
    const isDropped = above?.isDropped === true || values === undefined || !isWanted(entry, { ...growing, values });
    const own = values ?? growing.values;
    const name = [entry.key, ...numbers].join('.');
    const place = candidates.length;
    const candidate = { name, entry, parent: above?.place, values: own, item, place, numbers, isDropped };
    candidates.push(candidate);
    count.kept += Number(!isDropped);
    refuseTooMany(template, { kept: count.kept, steps: candidates.length });
    for (const child of entry.children ?? []) grow(child, { ...growing, above: candidate, values: own });
  }
}

type Scope = Readonly<{ values: Values | undefined; numbers: readonly number[]; item: string | undefined }>;

/** What an entry is about: each member of its list, or nothing where the list is empty. Without a list, what is above it is about. */
function scopesOf({ forEach }: TemplateTask, { above, values }: Growing): readonly Scope[] {
  const { numbers = [], item } = above ?? {};
  if (forEach === undefined) return [{ values, numbers, item }];
  const list = above?.isDropped === true ? [] : (listAt(values, forEach) ?? []);
  if (list.length === 0) return [{ values: undefined, numbers, item }];
  const [name = '', ...rest] = forEach.split('.');
  const path = [name === ITEM && item !== undefined ? item : `parameters.${name}`, ...rest].join('.');
  return list.map((member, index) => ({
    values: { ...values, [ITEM]: member },
    numbers: [...numbers, index + 1],
    item: `${path}[${index}]`,
  }));
}

/** What a condition compares is known only now; what it cannot compare is told with the task that asks. */
function isWanted(
  { key, when }: TemplateTask,
  { values, conditions }: Pick<Growing, 'values' | 'conditions'>,
): boolean {
  if (when === undefined) return true;
  const asked = conditions.get(when) ?? condition(when);
  conditions.set(when, asked);
  try {
    return asked.holds(values);
  } catch (cause) {
    if (!(cause instanceof OrchestratorError)) throw cause;
    throw invalid(`${key}.when: ${cause.message}`, {
      cause,
      suggestion: 'Repeat with other values, or mend the condition',
    });
  }
}

function refuseTooMany({ id }: Pick<Template, 'id'>, { kept, steps }: Readonly<{ kept: number; steps: number }>): void {
  const { tasks, steps: most } = TEMPLATE_LIMITS;
  if (kept <= tasks && steps <= most) return;
  throw invalid(`Template ${id} would make more than ${kept > tasks ? tasks : most} tasks with these parameters`, {
    limit: tasks,
    suggestion: 'Repeat with shorter lists, once for each part of them',
  });
}

type Family = Readonly<{
  template: Pick<Template, 'id'>;
  candidates: readonly Candidate[];
  /** Places of the candidates of each entry below a place, by place and key; below all, by key alone. */
  below: ReadonlyMap<string, readonly number[]>;
  steps: { taken: number };
}>;

function edgesAmong(template: Pick<Template, 'id'>, candidates: readonly Candidate[]): readonly InstanceEdge[] {
  const family = { template, candidates, below: belowEach(candidates), steps: { taken: 0 } };
  return candidates
    .filter(({ isDropped }) => !isDropped)
    .flatMap((dependent) => {
      const edges = new Map<string, InstanceEdge>();
      const collecting = { dependent, family, edges, passed: new Set<number>() };
      for (const source of [dependent, ...emptiedOf(dependent, family)]) collect(source, collecting);
      return [...edges.values()];
    });
}

/** What lay below a task of which nothing is left: the task does alone what they were to do, and waits for what they waited for. */
function emptiedOf(dependent: Candidate, family: Family): readonly Candidate[] {
  const below = subtreeOf(dependent, family).flatMap((place) => family.candidates[place] ?? []);
  return below.every(({ isDropped }) => isDropped) ? below : [];
}

const underKey = (above: number | undefined, key: string) => `${above ?? ''} ${key}`;

function belowEach(candidates: readonly Candidate[]): ReadonlyMap<string, readonly number[]> {
  const below = new Map<string, number[]>();
  for (const { entry, place, parent } of candidates) {
    for (const above of [...aboveOf(parent, candidates), undefined]) {
      const name = underKey(above, entry.key);
      const places = below.get(name);
      if (places === undefined) below.set(name, [place]);
      else places.push(place);
    }
  }
  return below;
}

function aboveOf(parent: number | undefined, candidates: readonly Candidate[]): readonly number[] {
  const above: number[] = [];
  for (let place = parent; place !== undefined; place = candidates[place]?.parent) above.push(place);
  return above;
}

type Collecting = Readonly<{
  dependent: Candidate;
  family: Family;
  edges: Map<string, InstanceEdge>;
  /** Dropped ones whose dependencies were inherited already. */
  passed: Set<number>;
}>;

/** Adds what `source` waits for to what `dependent` waits for; what was dropped hands its own dependencies on. */
function collect(source: Candidate, collecting: Collecting): void {
  const { dependent, family, edges, passed } = collecting;
  for (const { key, ...wait } of source.entry.dependsOn ?? []) {
    for (const to of named(key, source, family)) {
      spend(family);
      const target = family.candidates[to];
      if (target?.isDropped === false) edges.set(edgeName(to, wait.type), { ...wait, from: dependent.place, to });
      else if (target !== undefined && !passed.has(to)) inherit(target, { ...collecting, passed: passed.add(to) });
    }
  }
}

const edgeName = (to: number, type: DependencyType) => `${to} ${type}`;

/** A task that was dropped would have waited for what lies below it, and for what those above it wait for. */
function inherit(dropped: Candidate, collecting: Collecting): void {
  const { dependent, family } = collecting;
  const shared = new Set(aboveOf(dependent.parent, family.candidates));
  const above = aboveOf(dropped.parent, family.candidates).filter((place) => !shared.has(place));
  for (const place of [dropped.place, ...above, ...subtreeOf(dropped, family)]) {
    const source = family.candidates[place];
    if (source !== undefined) collect(source, collecting);
  }
}

/** Candidates are in the order of a walk in depth, so that a subtree lies behind its top. */
function subtreeOf(top: Candidate, { candidates }: Family): readonly number[] {
  const places: number[] = [];
  const inside = new Set([top.place]);
  for (let place = top.place + 1; inside.has(candidates[place]?.parent ?? -1); place++) {
    inside.add(place);
    places.push(place);
  }
  return places;
}

/** The tasks that a key means: those of the nearest part of the plan that the two share. */
function named(key: string, source: Candidate, { candidates, below }: Family): readonly number[] {
  for (const above of [...aboveOf(source.parent, candidates), undefined]) {
    const places = below.get(underKey(above, key));
    if (places !== undefined) return places;
  }
  return [];
}

function spend({ template, steps }: Family): void {
  steps.taken += 1;
  if (steps.taken <= TEMPLATE_LIMITS.edges) return;
  throw invalid(
    `Template ${template.id} would make more than ${TEMPLATE_LIMITS.edges} dependencies with these parameters`,
    {
      limit: TEMPLATE_LIMITS.edges,
      suggestion:
        'Repeat with shorter lists, or put a milestone between the two sides, so that each waits for one task',
    },
  );
}

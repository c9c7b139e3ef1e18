import { invalid } from './errors.ts';
import { LIMITS } from './task.ts';

/** A task's own fields that show among its attributes under the same name. */
export const OWN_ATTRIBUTES = [
  'title',
  'description',
  'priority',
  'estimated_effort',
  'due_date',
  'specialist_type',
] as const;

export const isOwnAttribute = (name: string): boolean => OWN_ATTRIBUTES.some((own) => own === name);

/** Names that mean something else about a task and so are no attributes. */
const TAKEN = new Set([
  'task_id',
  'parent_task_id',
  'task_type',
  'context',
  'status',
  'lifecycle_stage',
  'complexity',
  'acceptance_criteria',
  'attributes',
  'template_id',
  'session_id',
  'version',
  'created_at',
  'updated_at',
  'started_at',
  'completed_at',
  'superseded_by',
  'dependencies',
  'children',
  'artifacts',
  'claim',
]);

type Attributes = Readonly<Record<string, unknown>>;

/** Of these, what is set by a change of the task. */
const SET_LATER = new Set(['context', 'acceptance_criteria']);

/** Refuses attributes that are too large, too deep, or named like another field of a task. */
export function checkAttributes(attributes: Attributes, place = 'attributes'): void {
  const taken = Object.keys(attributes).find((key) => TAKEN.has(key));
  if (taken !== undefined) throw notAnAttribute(taken, place);
  const { keys, depth } = extent(attributes);
  refuseOver(place, 'keys', keys, LIMITS.attributeKeys);
  refuseOver(place, 'levels', depth, LIMITS.attributeDepth);
  const bytes = new TextEncoder().encode(JSON.stringify(attributes)).length;
  refuseOver(place, 'bytes of JSON', bytes, LIMITS.attributesBytes);
}

/** Refuses as `checkAttributes` does, and also what has a field of its own beside the attributes. */
export function checkFreeAttributes(attributes: Attributes, place: string): void {
  const own = Object.keys(attributes).find(isOwnAttribute);
  if (own !== undefined) throw notAnAttribute(own, place);
  checkAttributes(attributes, place);
}

function notAnAttribute(name: string, place: string) {
  const then = SET_LATER.has(name) ? '; orchestrator_update_task sets it' : '';
  return invalid(`${place}.${name}: ${name} is a field of the task, not an attribute`, {
    parameter: `${place}.${name}`,
    suggestion: `Repeat with ${name} left out of ${place}${then}`,
  });
}

function refuseOver(place: string, unit: string, given: number, most: number): void {
  if (given <= most) return;
  throw invalid(`${place} has ${given} ${unit}; at most ${most} are kept`, {
    parameter: place,
    suggestion: 'Keep large content in detailed_work of a completion, and a pointer to it here',
  });
}

/** How many keys there are on all levels, and how many levels. Walks without recursion, for depth is what is being checked. */
function extent(attributes: Attributes): Readonly<{ keys: number; depth: number }> {
  let [keys, depth] = [0, 0];
  let level: readonly unknown[] = [attributes];
  while (level.length > 0 && depth <= LIMITS.attributeDepth) {
    const inner: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      const values = Object.values(value);
      if (!Array.isArray(value)) keys += values.length;
      inner.push(...values.filter((one) => typeof one === 'object' && one !== null));
    }
    depth += 1;
    level = inner;
  }
  return { keys, depth };
}

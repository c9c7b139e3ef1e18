import { ARTIFACT_TYPES, OUTCOMES } from './artifact.ts';
import { DEPENDENCY_STATUSES, DEPENDENCY_TYPES } from './dependencies.ts';
import { STAGES, STATUSES } from './lifecycle.ts';
import { NOTE_KINDS } from './note.ts';
import { PRIORITIES } from './task.ts';

/** What stands in the place of a text that was purged. */
const PURGED = '[purged]';

/** Words of ours, which tell what happened and nothing of anybody's text. */
const OURS = new Set<string>([
  ...ARTIFACT_TYPES,
  ...OUTCOMES,
  ...DEPENDENCY_STATUSES,
  ...DEPENDENCY_TYPES,
  ...STAGES,
  ...STATUSES,
  ...NOTE_KINDS,
  ...PRIORITIES,
]);
const ID = /^[a-z][a-z0-9_]*_[0-9a-z]{8}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
/** Where an update tells what each field was and is. */
const CHANGES = 'changes';

type Details = Readonly<Record<string, unknown>>;

/** What an event tells once its task is purged: ids, times and words of ours stay, every other text goes, and so does whatever may hold one. */
export const purgedDetails = (details: Details): Details =>
  mapped(details, (value, name) =>
    name === CHANGES && isObject(value)
      ? mapped(value, (change) => (isObject(change) ? mapped(change, purged) : PURGED))
      : purged(value),
  );

const mapped = (object: Details, change: (value: unknown, name: string) => unknown): Details =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));

function purged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(purged);
  if (typeof value === 'string') return OURS.has(value) || ID.test(value) || TIME.test(value) ? value : PURGED;
  return typeof value === 'object' && value !== null ? PURGED : value;
}

const isObject = (value: unknown): value is Details =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

import type { Event } from '../domain/event.ts';
import { cut } from '../domain/task.ts';
import type { Context } from './tool.ts';
import { echo, iso } from './views.ts';

/** Events that a page of a story is taken from. */
const PAGE = 200;
/** Entries of a list, or fields of an object, that an event shows. */
const SHOWN = 30;

/**
 * What happened to a task, oldest first, the latest page of it or that before event number `before`: who did it, when,
 * and what became what. Long texts are cut; what did not change within a field is left out.
 */
export async function storyOf(context: Context, taskId: string, before?: number) {
  const events = await context.events.of(taskId, PAGE, before);
  const names = await namesOf(context, events);
  return events.map((event) => eventView(event, names.get(event.sessionId)));
}

async function namesOf({ sessions }: Context, events: readonly Event[]): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const id of new Set(events.map(({ sessionId }) => sessionId))) {
    const name = (await sessions.find(id))?.agentName;
    if (name !== undefined) names.set(id, name);
  }
  return names;
}

function eventView({ seq, type, at, sessionId, details }: Event, agentName: string | undefined) {
  const shown = details === undefined ? {} : shortened(details);
  return {
    seq,
    type,
    at: iso(at),
    session_id: sessionId,
    ...(agentName !== undefined && { agent_name: echo(agentName) }),
    ...(Object.keys(shown).length > 0 && { details: shown }),
  };
}

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object with its long texts cut and its long lists ended. */
const shortened = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(isObject(fields.from) && isObject(fields.to) ? difference(fields.from, fields.to) : fields)
      .slice(0, SHOWN)
      .map(([key, value]) => [cut(key, 100), short(value)]),
  );

function short(value: unknown): unknown {
  if (typeof value === 'string') return echo(value);
  if (Array.isArray(value)) return value.slice(0, SHOWN).map(short);
  return isObject(value) ? shortened(value) : value;
}

/** Of two objects, such as a task's attributes before and after, what is not the same in both. */
function difference(from: Fields, to: Fields): Fields {
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  const differs = keys.filter((key) => JSON.stringify(from[key]) !== JSON.stringify(to[key]));
  const of = (side: Fields) =>
    Object.fromEntries(differs.filter((key) => Object.hasOwn(side, key)).map((key) => [key, side[key]]));
  return { from: of(from), to: of(to) };
}

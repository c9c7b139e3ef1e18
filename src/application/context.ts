import { transient } from '../domain/errors.ts';
import { RETRIES } from '../domain/retries.ts';
import type { DrawId, Repositories } from './ports.ts';
import type { Context, Surroundings } from './tool.ts';

/** What a tool works with inside one transaction. */
export function contextOf(repositories: Repositories, surroundings: Surroundings): Context {
  const { actor, clock, drawId } = surroundings;
  return {
    ...repositories,
    ...surroundings,
    offered: new Set(),
    fileMoves: [],
    newIds: (prefixes) => newIds(repositories, drawId, prefixes),
    record: (events) => repositories.events.append(events, { sessionId: actor.sessionId, at: clock() }),
  };
}

export async function newIds(
  { identities }: Pick<Repositories, 'identities'>,
  drawId: DrawId,
  prefixes: readonly string[],
): Promise<readonly string[]> {
  const ids = prefixes.map((prefix) => `${prefix}_${drawId()}`);
  let free = new Set(await identities.reserve(ids));
  const reserved = ids.map((id) => (free.has(id) ? id : undefined));
  for (let tries = 1; tries < RETRIES.newId.tries && reserved.includes(undefined); tries++) {
    const missing = reserved.flatMap((id, index) => (id === undefined ? [index] : []));
    const drawn = missing.map((index) => `${prefixes[index]}_${drawId()}`);
    free = new Set(await identities.reserve(drawn));
    for (const [turn, index] of missing.entries()) {
      const id = drawn[turn];
      if (id !== undefined && free.has(id)) reserved[index] = id;
    }
  }
  if (reserved.includes(undefined)) throw transient('No free id was found', { retry_after_ms: 10 });
  return reserved.filter((id) => id !== undefined);
}

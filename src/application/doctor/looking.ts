import { refused } from '../../domain/errors.ts';
import { NO_SESSION } from '../actors.ts';
import { contextOf } from '../context.ts';
import type { Opened } from '../orchestrator.ts';
import type { Clock, DrawId, Log } from '../ports.ts';
import type { Beforehand } from '../tool.ts';

type Around = Readonly<{ clock: Clock; drawId: DrawId; log: Log }>;

/** A way into a store for one who only looks: whatever would write is refused. */
export function onlyLooking(opened: Opened, { clock, drawId, log }: Around): Beforehand {
  const surroundings = {
    ...opened,
    ...{ clock, drawId, log },
    actor: { sessionId: NO_SESSION },
    signal: new AbortController().signal,
    report: () => {},
  };
  const no = async () => {
    throw refused('Nothing is changed by a look');
  };
  return {
    ...surroundings,
    read: (work) => opened.store.read((repositories) => work(contextOf(repositories, surroundings))),
    write: no,
    conclude: no,
    upkeep: no,
    afterwards: () => {},
  };
}

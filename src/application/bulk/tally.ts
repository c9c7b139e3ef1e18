import type { OrchestratorError } from '../../domain/errors.ts';
import type { EventType, NewEvent } from '../../domain/event.ts';
import type { Differences } from '../editing.ts';

/** No reply has room for more entries than this; the rest is only counted. */
const KEPT = 1_000;

export type Refusal = Readonly<{ id: string; error: OrchestratorError }>;

/** What became of many tasks, counted; of each kind the first are kept by name. */
export type Tally = Readonly<{
  changed: number;
  unchanged: number;
  tasks: readonly Readonly<{ id: string; changes: Differences }>[];
  refusals: readonly Refusal[];
  events: Readonly<Partial<Record<EventType, number>>>;
  /** What happened to tasks that were not meant. */
  consequences: readonly NewEvent[];
  consequenceCount: number;
}>;

/** Counts tasks one by one; what it has counted can be asked for at any time. */
export function tallying(meant: ReadonlySet<string>) {
  let [changed, unchanged, consequenceCount] = [0, 0, 0];
  const tasks: { id: string; changes: Differences }[] = [];
  const events = new Map<EventType, number>();
  const consequences: NewEvent[] = [];
  return {
    done(id: string, changes: Differences, recorded: readonly NewEvent[]): void {
      const isChanged = Object.keys(changes).length > 0;
      if (isChanged) changed += 1;
      else unchanged += 1;
      if (isChanged && tasks.length < KEPT) tasks.push({ id, changes });
      for (const event of recorded) {
        events.set(event.type, (events.get(event.type) ?? 0) + 1);
        if (event.taskId === undefined || meant.has(event.taskId)) continue;
        consequenceCount += 1;
        if (consequences.length < KEPT) consequences.push(event);
      }
    },
    tally: (refusals: readonly Refusal[]): Tally => ({
      ...{ changed, unchanged, tasks, refusals, consequences, consequenceCount },
      events: Object.fromEntries(events),
    }),
  };
}

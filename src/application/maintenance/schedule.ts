import { OrchestratorError } from '../../domain/errors.ts';
import type { Clock, Log } from '../ports.ts';
import { iso } from '../views.ts';

/** When something is due; undefined where it never is again. */
export type Timetable = Readonly<{ next(after: number): number | undefined }>;

export type ScheduleParts = Readonly<{
  timetable: Timetable;
  clock: Clock;
  /** Makes what is due. */
  make(dueAt: number, signal: AbortSignal): Promise<void>;
  log: Pick<Log, 'info' | 'warn'>;
}>;

/** The clock is looked at this often: somebody may set it, and while a machine sleeps no timer runs. */
const LOOK_EVERY_MS = 15_000;
/** What is found due by more than this was missed, and is not made up. */
const MISSED_AFTER_MS = 4 * LOOK_EVERY_MS;

/** Makes something whenever it is due, one after the other, until it is closed. It keeps no process alive. */
export class Schedule {
  readonly #parts: ScheduleParts;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #making: Promise<void> = Promise.resolve();

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
    this.#wait();
  }

  /** Breaks off what is being made, and waits for its end. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#making;
  }

  /** What comes next is asked for anew at each look, so that a clock that was set counts as it is. */
  #wait(): void {
    const { timetable, clock } = this.#parts;
    const now = clock();
    const dueAt = timetable.next(now);
    if (dueAt === undefined || this.#closing.signal.aborted) return;
    const ms = Math.min(Math.max(1, dueAt - now), LOOK_EVERY_MS);
    this.#timer = setTimeout(() => {
      this.#making = this.#look(dueAt).finally(() => this.#wait());
    }, ms);
    this.#timer.unref();
  }

  async #look(dueAt: number): Promise<void> {
    const { clock, log, make } = this.#parts;
    const late = clock() - dueAt;
    if (late < 0) return;
    if (late > MISSED_AFTER_MS) {
      log.info({ due: iso(dueAt) }, 'a scheduled maintenance was missed');
      return;
    }
    await make(dueAt, this.#closing.signal).catch((error: unknown) => this.#tell(error, dueAt));
  }

  /** That another server makes it, or has made it, is how it should be. */
  #tell(error: unknown, dueAt: number): void {
    const { log } = this.#parts;
    const due = iso(dueAt);
    if (error instanceof OrchestratorError && error.code === 'conflict')
      log.info({ due, why: error.message }, 'left to another');
    else if (!this.#closing.signal.aborted) log.warn({ err: error, due }, 'a scheduled maintenance failed');
  }
}

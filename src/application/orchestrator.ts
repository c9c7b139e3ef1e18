import { cancelled, conflict, notFound, OrchestratorError, timedOut } from '../domain/errors.ts';
import type { Event } from '../domain/event.ts';
import { RETRIES } from '../domain/retries.ts';
import { enter, leave, NO_SESSION } from './actors.ts';
import { Afterwards } from './afterwards.ts';
import type { CallCounter } from './call-counter.ts';
import { contextOf } from './context.ts';
import { moveFiles } from './file-moves.ts';
import { foreseen, whyEnded } from './foreseen.ts';
import { OwnSession } from './own-session.ts';
import { type Common, parseArguments } from './parse.ts';
import { type Person, Unanswered } from './person.ts';
import type { Clock, DrawId, Log, Store } from './ports.ts';
import { keepReply, keptReply } from './repeats.ts';
import type { Beforehand, Context, Surroundings, Tool } from './tool.ts';

/** What a face may say about a call beside its arguments. */
export type CallOptions = Readonly<{
  signal?: AbortSignal;
  /** Tells the caller how far a long call is. */
  report?: (progress: number, total: number, message: string) => void;
  /** Who can be asked; without one, a call that a person's word would help is refused as it stands. */
  person?: Person;
  /** The moment that a schedule set for the call. */
  dueAt?: number;
  /** How long it may take, where that is not the usual. */
  withinMs?: number;
}>;

type Arguments = Readonly<Record<string, unknown>>;
type Reply = Readonly<Record<string, unknown>>;

/** The tools by name, each loaded when it is first called. */
export type Catalogue = Readonly<{
  names: readonly string[];
  /** Today's name of a tool, given by either of its names; undefined where there is no such tool. */
  resolve(name: string): string | undefined;
  load(name: string): Promise<Tool>;
}>;

/** A workspace whose store is open, and what belongs to it. */
export type Opened = Readonly<{ store: Store; isWorkspace(directory: string): Promise<boolean> }> &
  Omit<Surroundings, 'actor' | 'clock' | 'drawId' | 'log' | 'signal' | 'report' | 'person' | 'dueAt'>;

export type OrchestratorParts = Readonly<{
  catalogue: Catalogue;
  /** Opens the workspace that `workingDirectory` means; called by the first call that needs the store. */
  open(workingDirectory: string | undefined): Promise<Opened>;
  /** Whether there is a store to open; looking for it leaves no trace. */
  hasStore(): Promise<boolean>;
  clock: Clock;
  drawId: DrawId;
  digest(text: string): string;
  callCounter: CallCounter;
  log: Log & { child(bindings: Arguments): Log };
  timeoutMs: number;
}>;

type Call = Readonly<{ tool: Tool; input: unknown; common: Common; args: Arguments; opened: Opened; around: Around }> &
  Readonly<{ left: LeftWork[] }>;
type LeftWork = Parameters<Beforehand['afterwards']>[0];
type Around = Omit<Surroundings, 'actor'>;

/** How often the store is asked for new events while somebody watches. */
const WATCH_EVERY_MS = 250;
/** A plan of 500 alone makes more. */
const TOLD_AT_ONCE = 1_000;
/** A server that is closed has a second to end in; a store that is busy for longer keeps the sessions open. A call whose time is over has as long. */
const LEAVE_WITHIN_MS = RETRIES.lock.endingMs;

/** One server's use of one store: finds the tool, checks what it is given, and runs it in a transaction. */
export class Orchestrator {
  readonly #parts: OrchestratorParts;
  readonly #afterwards = new Afterwards();
  readonly #session = new OwnSession();
  #opening: Promise<Opened> | undefined;

  constructor(parts: OrchestratorParts) {
    this.#parts = parts;
  }

  /** Whether a tool of this name, today's or planned, exists. */
  knows(name: string): boolean {
    return this.#parts.catalogue.resolve(name) !== undefined;
  }

  /** Names of all tools, today's, in the order of `tools/list`. */
  names(): readonly string[] {
    return this.#parts.catalogue.names;
  }

  /**
   * Calls a tool by either of its names. Returns its reply, or throws an `OrchestratorError`; where there is a person who
   * has to be asked first, `Unanswered`, and then nothing was done.
   */
  async call(name: string, args: Arguments, options: CallOptions = {}): Promise<Reply> {
    const { clock, drawId, timeoutMs } = this.#parts;
    const { signal, report = () => {}, person, dueAt, withinMs = timeoutMs } = options;
    const log = this.#parts.log.child({ request: drawId(), tool: name });
    const began = clock();
    const counted = this.#parts.callCounter.begin(this.#parts.catalogue.resolve(name) ?? 'unknown');
    const ending = new AbortController();
    const deadline = setTimeout(() => ending.abort(timedOut(actionOf(name, args))), withinMs);
    const cancel = () => ending.abort(cancelled());
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const asked = { ...(person !== undefined && { person }), ...(dueAt !== undefined && { dueAt }) };
      const around = { clock, drawId, log, signal: ending.signal, report, ...asked };
      const reply = await this.#answer(name, args, around);
      counted('answered');
      log.debug({ ms: clock() - began }, 'answered');
      return reply;
    } catch (error) {
      if (error instanceof Unanswered && !ending.signal.aborted) throw error;
      const known = foreseen(whyEnded(error, ending.signal), { log, reference: drawId() });
      counted(known.code);
      log.info({ ms: clock() - began, code: known.code, error: known.message }, 'refused');
      throw known;
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Reads from the store as a tool would. */
  async read<T>(work: (context: Context) => Promise<T>): Promise<T> {
    const { clock, drawId, log, timeoutMs } = this.#parts;
    const opened = await this.#open(undefined);
    const around = { ...opened, clock, drawId, log, signal: AbortSignal.timeout(timeoutMs), report: () => {} };
    const actor = { sessionId: this.#session.id ?? NO_SESSION };
    return opened.store.read((repositories) => work(contextOf(repositories, { ...around, actor })));
  }

  /** Reads as `read` does, or gives undefined where there is no store yet: a client that only looks around makes none. */
  async readIfThere<T>(work: (context: Context) => Promise<T>): Promise<T | undefined> {
    const isThere = this.#opening !== undefined || (await this.#parts.hasStore());
    return isThere ? this.read(work) : undefined;
  }

  /** Tells of events as they are committed, by any server of the store, within half a second; returns how to stop. */
  watch(tell: (events: readonly Event[]) => void): () => void {
    let seen: number | undefined;
    const look = async () => {
      await this.read(async ({ events }) => {
        seen ??= await events.latest();
        for (let fresh = await events.after(seen, TOLD_AT_ONCE); fresh.length > 0; ) {
          seen = fresh.at(-1)?.seq ?? seen;
          tell(fresh);
          fresh = await events.after(seen, TOLD_AT_ONCE);
        }
      }).catch((error: unknown) => this.#parts.log.warn({ err: error }, 'could not look for changes'));
    };
    void look();
    const timer = setInterval(() => void look(), WATCH_EVERY_MS);
    return () => clearInterval(timer);
  }

  /** Ends this process's sessions, gives back what they hold, and closes the store. */
  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    if (opened === undefined) return;
    await this.#afterwards.close();
    const { clock, log, drawId } = this.#parts;
    const sessionId = this.#session.id;
    if (sessionId !== undefined) {
      const signal = AbortSignal.timeout(LEAVE_WITHIN_MS);
      const around = { ...opened, clock, drawId, log, signal, report: () => {}, actor: { sessionId } };
      await opened.store
        .write((repositories) => leave(contextOf(repositories, around)), { signal })
        .catch((error: unknown) => log.warn({ err: error }, 'sessions were left open'));
    }
    await opened.store.close();
  }

  async #answer(
    name: string,
    args: Arguments,
    surroundings: Pick<Around, 'clock' | 'drawId' | 'log' | 'signal' | 'report' | 'person' | 'dueAt'>,
  ) {
    const { catalogue } = this.#parts;
    const today = catalogue.resolve(name);
    if (today === undefined) throw notFound('Tool', name, { available_tools: catalogue.names });
    const tool = await catalogue.load(today);
    const { common, input } = parseArguments(tool, args);
    const opened = await this.#open(common.working_directory);
    const around = { ...opened, ...surroundings };
    const call: Call = { tool, input, common, args, opened, around, left: [] };
    try {
      return await this.#run(call);
    } finally {
      for (const work of call.left) this.#workAfterwards(call, work);
    }
  }

  async #run(call: Call): Promise<Reply> {
    const { tool, input, args, common } = call;
    if (tool.effect === 'read') {
      const prepared = await tool.prepare?.(input, this.#beforehand(call));
      return this.#finished(call, await this.#read(call, (context) => tool.run(input, context, prepared)));
    }
    const repeat = { tool: tool.name, args, common, digest: this.#parts.digest };
    const isRepeatable = common.idempotency_key !== undefined;
    const known = isRepeatable ? await this.#read(call, (context) => keptReply(context, repeat)) : undefined;
    if (known !== undefined) return this.#finished(call, known);
    const prepared = await tool.prepare?.(input, this.#beforehand(call));
    const answer = await this.#write(call, async (context) => {
      const kept = await keptReply(context, repeat);
      if (kept !== undefined) return kept;
      const fresh = await tool.run(input, context, prepared);
      if (!(fresh instanceof OrchestratorError)) await keepReply(context, repeat, fresh);
      return fresh;
    });
    return this.#finished(call, answer);
  }

  /** The reply with what its tool adds after the commit; a refusal that was committed is thrown now. */
  async #finished(call: Call, answer: unknown): Promise<Reply> {
    if (answer instanceof OrchestratorError) throw answer;
    const { finish } = call.tool;
    return asReply(finish === undefined ? answer : await finish(answer, this.#beforehand(call), call.input));
  }

  #beforehand(call: Call): Beforehand {
    return {
      ...call.around,
      actor: { sessionId: call.common.session_id ?? this.#session.id ?? NO_SESSION, claimId: call.common.claim_id },
      read: (work) => this.#read(call, work),
      write: (work) => this.#write(call, work),
      conclude: (work) =>
        this.#write({ ...call, around: { ...call.around, signal: AbortSignal.timeout(LEAVE_WITHIN_MS) } }, work),
      upkeep: (work, { signal } = {}) =>
        call.opened.store.write(work, { signal: AbortSignal.any([call.around.signal, ...(signal ? [signal] : [])]) }),
      afterwards: (work) => call.left.push(work),
    };
  }

  /** Work that is left behind may leave more of it. */
  #workAfterwards(call: Call, work: LeftWork): void {
    const { log } = this.#parts;
    this.#afterwards.begin(async (signal) => {
      const later: Call = { ...call, around: { ...call.around, log, signal, report: () => {} }, left: [] };
      await work(this.#beforehand(later));
      for (const more of later.left) this.#workAfterwards(later, more);
    }, log);
  }

  #read<T>({ common, opened, around }: Call, work: (context: Context) => Promise<T>): Promise<T> {
    return opened.store.read(async (repositories) => {
      const own = this.#session.id;
      const actor = await enter(repositories, around, { ...common, own, isWriting: false });
      return work(contextOf(repositories, { ...around, actor }));
    });
  }

  async #write<T>({ tool, common, opened, around }: Call, work: (context: Context) => Promise<T>): Promise<T> {
    const contexts: Context[] = [];
    const made = await this.#session.write({ tool, common, store: opened.store, around }, (repositories, actor) => {
      const context = contextOf(repositories, { ...around, actor });
      contexts.push(context);
      return work(context);
    });
    await moveFiles({ ...around, look: (look) => opened.store.read(look) }, contexts.at(-1)?.fileMoves ?? []);
    return made;
  }

  async #open(workingDirectory: string | undefined): Promise<Opened> {
    this.#opening ??= this.#parts.open(workingDirectory);
    const opened = await this.#opening.catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    if (workingDirectory !== undefined && !(await opened.isWorkspace(workingDirectory))) {
      throw conflict(`This server works for ${opened.workspace}, not for ${workingDirectory}`, {
        workspace: opened.workspace,
        suggestion: `Call again without working_directory, or start another server with --workspace ${workingDirectory}`,
      });
    }
    return opened;
  }
}

/** Every output schema is an object, so this only tells the compiler. */
const asReply = (answer: unknown): Reply => (typeof answer === 'object' && answer !== null ? { ...answer } : {});

const actionOf = (name: string, args: Arguments) => (typeof args.action === 'string' ? args.action : name);

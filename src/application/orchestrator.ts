import { cancelled, conflict, notFound, OrchestratorError, timedOut } from '../domain/errors.ts';
import type { Event } from '../domain/event.ts';
import { enter, leave, NO_SESSION } from './actors.ts';
import { contextOf } from './context.ts';
import { foreseen } from './foreseen.ts';
import { type Common, parseArguments } from './parse.ts';
import type { Clock, DrawId, Log, Store } from './ports.ts';
import { keepReply, keptReply } from './repeats.ts';
import type { Beforehand, Context, Surroundings, Tool } from './tool.ts';

/** What a face may say about a call beside its arguments. */
export type CallOptions = Readonly<{
  signal?: AbortSignal;
  /** Tells the caller how far a long call is. */
  report?: (progress: number, total: number, message: string) => void;
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
  Omit<Surroundings, 'actor' | 'clock' | 'drawId' | 'log' | 'signal' | 'report'>;

export type OrchestratorParts = Readonly<{
  catalogue: Catalogue;
  /** Opens the workspace that `workingDirectory` means; called by the first call that needs the store. */
  open(workingDirectory: string | undefined): Promise<Opened>;
  /** Whether there is a store to open; looking for it leaves no trace. */
  hasStore(): Promise<boolean>;
  clock: Clock;
  drawId: DrawId;
  digest(text: string): string;
  log: Log & { child(bindings: Arguments): Log };
  timeoutMs: number;
}>;

type Call = Readonly<{ tool: Tool; input: unknown; common: Common; args: Arguments; opened: Opened; around: Around }>;
type Around = Omit<Surroundings, 'actor'>;

/** How often the store is asked for new events while somebody watches. */
const WATCH_EVERY_MS = 250;
/** A plan of 500 alone makes more. */
const TOLD_AT_ONCE = 1_000;
/** A server that is closed has a second to end in; a store that is busy for longer keeps the sessions open. A call whose time is over has as long. */
const LEAVE_WITHIN_MS = 500;

/** One server's use of one store: finds the tool, checks what it is given, and runs it in a transaction. */
export class Orchestrator {
  readonly #parts: OrchestratorParts;
  #opening: Promise<Opened> | undefined;
  /** The session of calls that name none: the one that this process began with. */
  #session: string | undefined;

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

  /** Calls a tool by either of its names. Returns its reply, or throws an `OrchestratorError`. */
  async call(name: string, args: Arguments, { signal, report = () => {} }: CallOptions = {}): Promise<Reply> {
    const { clock, drawId, timeoutMs } = this.#parts;
    const log = this.#parts.log.child({ request: drawId(), tool: name });
    const began = clock();
    const ending = new AbortController();
    const deadline = setTimeout(() => ending.abort(timedOut(actionOf(name, args))), timeoutMs);
    const cancel = () => ending.abort(cancelled());
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const reply = await this.#answer(name, args, { clock, drawId, log, signal: ending.signal, report });
      log.debug({ ms: clock() - began }, 'answered');
      return reply;
    } catch (error) {
      const known = foreseen(whyEnded(error, ending.signal), { log, reference: drawId() });
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
    const actor = { sessionId: this.#session ?? NO_SESSION };
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
    const { clock, log, drawId } = this.#parts;
    if (this.#session !== undefined) {
      const signal = AbortSignal.timeout(LEAVE_WITHIN_MS);
      const around = { ...opened, clock, drawId, log, signal, report: () => {}, actor: { sessionId: this.#session } };
      await opened.store
        .write((repositories) => leave(contextOf(repositories, around)), { signal })
        .catch((error: unknown) => log.warn({ err: error }, 'sessions were left open'));
    }
    await opened.store.close();
  }

  async #answer(
    name: string,
    args: Arguments,
    surroundings: Pick<Around, 'clock' | 'drawId' | 'log' | 'signal' | 'report'>,
  ) {
    const { catalogue } = this.#parts;
    const today = catalogue.resolve(name);
    if (today === undefined) throw notFound('Tool', name, { available_tools: catalogue.names });
    const tool = await catalogue.load(today);
    const { common, input } = parseArguments(tool, args);
    const opened = await this.#open(common.working_directory);
    return this.#run({ tool, input, common, args, opened, around: { ...opened, ...surroundings } });
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
      actor: { sessionId: call.common.session_id ?? this.#session ?? NO_SESSION, claimId: call.common.claim_id },
      read: (work) => this.#read(call, work),
      write: (work) => this.#write(call, work),
      conclude: (work) =>
        this.#write({ ...call, around: { ...call.around, signal: AbortSignal.timeout(LEAVE_WITHIN_MS) } }, work),
    };
  }

  #read<T>({ common, opened, around }: Call, work: (context: Context) => Promise<T>): Promise<T> {
    return opened.store.read(async (repositories) => {
      const own = this.#session;
      const actor = await enter(repositories, around, { ...common, own, isWriting: false });
      return work(contextOf(repositories, { ...around, actor }));
    });
  }

  async #write<T>({ tool, common, opened, around }: Call, work: (context: Context) => Promise<T>): Promise<T> {
    const before = this.#session;
    const isForOwn = common.session_id === undefined && tool.beginsSession !== true;
    try {
      return await opened.store.write(
        async (repositories) => {
          const own = tool.beginsSession === true ? undefined : this.#session;
          const actor = await enter(repositories, around, { ...common, own, isWriting: true });
          this.#session = isForOwn ? actor.sessionId : (this.#session ?? actor.sessionId);
          return work(contextOf(repositories, { ...around, actor }));
        },
        { signal: around.signal },
      );
    } catch (error) {
      if (before === undefined) await this.#forgetLostSession(opened);
      throw error;
    }
  }

  /** A session that was begun in a transaction which then failed was never there. */
  async #forgetLostSession({ store }: Opened): Promise<void> {
    const id = this.#session;
    if (id === undefined) return;
    const isThere = await store
      .read(async ({ sessions }) => (await sessions.find(id)) !== undefined)
      .catch(() => false);
    // A call that came meanwhile may have begun another.
    if (!isThere && this.#session === id) this.#session = undefined;
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

/** A call that was ended from outside says so, whatever it stumbled over then; one that says so itself may tell how far it came. */
function whyEnded(error: unknown, { aborted, reason }: AbortSignal): unknown {
  const codeOf = (thrown: unknown) => (thrown instanceof OrchestratorError ? thrown.code : undefined);
  return aborted && codeOf(error) !== codeOf(reason) ? reason : error;
}

/** Every output schema is an object, so this only tells the compiler. */
const asReply = (answer: unknown): Reply => (typeof answer === 'object' && answer !== null ? { ...answer } : {});

const actionOf = (name: string, args: Arguments) => (typeof args.action === 'string' ? args.action : name);

import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  ProtocolError,
  ProtocolErrorCode,
  type RequestStateCodec,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { type Answer, type Gate, type Person, type Question, Unanswered, type Word } from '../../application/person.ts';
import { canonical } from '../../application/repeats.ts';
import { cancelled } from '../../domain/errors.ts';
import { cut } from '../../domain/task.ts';

/** A client of the 2025 era is given this long; one of 2026-07-28 holds the question itself. */
const ASKED_FOR_MS = 10 * 60_000;
const STATE_LIVES_SECONDS = 3_600;
/** The one question of a call, among the requests for input. */
const KEY = 'approval';
const LONGEST_COMMENT = 4_000;

/** What a call was asked, given to the client to bring back: it is believed only for the same call, and only from this process. */
type State = Readonly<{ call: string; gates: readonly Gate[] }>;
let codec: RequestStateCodec<State> | undefined;
/** Made when somebody is asked: cryptography takes 5 ms to load, which a start should not spend. */
function stateCodec(): RequestStateCodec<State> {
  codec ??= createRequestStateCodec({
    key: crypto.getRandomValues(new Uint8Array(32)),
    ttlSeconds: STATE_LIVES_SECONDS,
  });
  return codec;
}
export const verifyState: RequestStateCodec<State>['verify'] = (state, context) => stateCodec().verify(state, context);

export type Calling = Readonly<{
  server: Pick<Server, 'getClientCapabilities' | 'getClientVersion'>;
  context: ServerContext;
  name: string;
  args: Readonly<Record<string, unknown>>;
}>;

/**
 * Makes a call for a client that may be able to ask its person. Where the person has to be asked, a client of 2026-07-28
 * is told what to ask, and repeats the call with the answer; one of the 2025 era is asked while its call waits.
 */
export async function withPerson<Reply>(
  calling: Calling,
  call: (person: Person | undefined) => Promise<Reply>,
): Promise<Reply | InputRequiredResult> {
  const person = personAt(calling);
  if (person === undefined) return call(undefined);
  try {
    const answer = await broughtBack(calling);
    return await call({ ...person, ...(answer !== undefined && { answer }) });
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    if (isModern(calling)) return toBeAsked(calling, error.question);
    return call({ ...person, answer: await ask(calling, error.question) });
  }
}

const isModern = ({ context }: Calling) => context.mcpReq.envelope !== undefined;

/** The person at a client that shows forms; every call of 2026-07-28 says anew what its client can do. */
function personAt({ server, context }: Calling): Person | undefined {
  const { envelope } = context.mcpReq;
  const capabilities = fieldOf(envelope, CLIENT_CAPABILITIES_META_KEY) ?? server.getClientCapabilities();
  const elicitation = fieldOf(capabilities, 'elicitation');
  // Named without a mode, it means forms, as it did when there were no others.
  const showsForms = fieldOf(elicitation, 'form') !== undefined || isEmpty(elicitation);
  if (!showsForms) return undefined;
  const client = fieldOf(fieldOf(envelope, CLIENT_INFO_META_KEY) ?? server.getClientVersion(), 'name');
  return { name: `the person at ${typeof client === 'string' ? cut(client, 100) : 'the client'}` };
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? new Map<string, unknown>(Object.entries(value)).get(name) : undefined;

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** The answer that a repeated call brings; undefined for a call that was not asked yet. */
async function broughtBack(calling: Calling): Promise<Answer | undefined> {
  const { mcpReq } = calling.context;
  const state = mcpReq.requestState<State>();
  if (state === undefined) return undefined;
  if (state.call !== (await digestOf(calling))) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Invalid or expired requestState', {
      reason: 'invalid_request_state',
    });
  }
  const response = inputResponse(mcpReq.inputResponses, KEY);
  return answerFrom(response.kind === 'elicit' ? response : { action: 'cancel' }, state.gates);
}

async function toBeAsked(calling: Calling, question: Question): Promise<InputRequiredResult> {
  const gates = question.gates.map(({ taskId, prerequisiteId, type }) => ({ taskId, prerequisiteId, type }));
  return inputRequired({
    inputRequests: { [KEY]: inputRequired.elicit(formOf(question)) },
    requestState: await stateCodec().mint({ call: await digestOf(calling), gates }),
  });
}

/** Asks while the call waits; a client that fails to ask, or a person who takes too long, leaves it undecided. */
async function ask({ context }: Calling, question: Question): Promise<Answer> {
  const { signal } = context.mcpReq;
  const response = await context.mcpReq
    .send({ method: 'elicitation/create', params: formOf(question) }, { timeout: ASKED_FOR_MS, signal })
    .catch(() => ({ action: 'cancel' }));
  if (signal.aborted) throw cancelled();
  return answerFrom(response, question.gates);
}

async function digestOf({ name, args }: Calling): Promise<string> {
  const { createHash } = await import('node:crypto');
  return createHash('sha256')
    .update(canonical([name, args]))
    .digest('hex');
}

/** Plain enough for every client: the words are an enumeration without titles, which older ones do not know. */
function formOf({ text, gates }: Question) {
  const fields = gates.map(({ title }, index) => [
    fieldName(index),
    { type: 'string' as const, title: cut(title, 80), enum: Object.keys(WORDS) },
  ]);
  const comment = { type: 'string' as const, title: 'Comment', description: 'If you like', maxLength: LONGEST_COMMENT };
  return {
    message: text,
    requestedSchema: {
      type: 'object' as const,
      properties: { ...Object.fromEntries(fields), comment },
      required: gates.map((_, index) => fieldName(index)),
    },
  };
}

const WORDS = { approve: 'approved', reject: 'rejected' } as const satisfies Record<string, Word>;
const fieldName = (index: number) => `decision_${index + 1}`;

type Response = Readonly<{ action: string; content?: unknown }>;

/** What the client says that the person said: nothing of it is believed but the words that were asked for. */
function answerFrom({ action, content }: Response, gates: readonly Gate[]): Answer {
  if (action !== 'accept') return { words: [] };
  const words = gates.flatMap(({ taskId, prerequisiteId, type }, index) => {
    const word = wordIn(fieldOf(content, fieldName(index)));
    return word === undefined ? [] : [{ taskId, prerequisiteId, type, word }];
  });
  const comment = textIn(fieldOf(content, 'comment'));
  return { words, ...(comment !== '' && { comment }) };
}

const wordIn = (said: unknown): Word | undefined => (said === 'approve' || said === 'reject' ? WORDS[said] : undefined);

const textIn = (said: unknown) =>
  typeof said === 'string' ? cut(said.toWellFormed().replaceAll('\0', '').trim(), LONGEST_COMMENT) : '';

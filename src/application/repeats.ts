import { conflict } from '../domain/errors.ts';
import { isLive } from './claims.ts';
import type { Common } from './parse.ts';
import type { Context } from './tool.ts';

/** A kept reply is given again for this long. */
const KEPT_FOR_MS = 7 * 24 * 3_600_000;

type Repeat = Readonly<{
  tool: string;
  args: Readonly<Record<string, unknown>>;
  common: Common;
  digest(text: string): string;
}>;

const scopeOf = ({ tool, common }: Repeat) => `${tool} ${common.session_id ?? ''}`;

/** The reply that an earlier call with the same key got, or undefined where this is the first. */
export async function keptReply(context: Context, repeat: Repeat): Promise<unknown> {
  const key = repeat.common.idempotency_key;
  if (key === undefined) return undefined;
  const kept = await context.replies.find(scopeOf(repeat), key);
  if (kept === undefined || kept.at <= context.clock() - KEPT_FOR_MS) return undefined;
  if (kept.argumentsHash !== hashOf(repeat)) {
    throw conflict(`The idempotency_key ${key} was used for a call of ${repeat.tool} with other arguments`, {
      suggestion: 'Repeat with the same arguments, or use a new key for a new call',
    });
  }
  await refuseDeadClaim(context, kept.reply, key);
  return kept.reply;
}

export async function keepReply(context: Context, repeat: Repeat, reply: unknown): Promise<void> {
  const key = repeat.common.idempotency_key;
  if (key === undefined || isEmptyHanded(reply)) return;
  const at = context.clock();
  await context.replies.forgetBefore(at - KEPT_FOR_MS);
  await context.replies.keep({ scope: scopeOf(repeat), key, argumentsHash: hashOf(repeat), reply, at });
}

/** That nothing was free is true only for the moment. */
const isEmptyHanded = (reply: unknown) =>
  typeof reply === 'object' && reply !== null && 'task_available' in reply && reply.task_available === false;

/** A claim that was given under this key is only given again while it lives: somebody else may hold the task by now. */
async function refuseDeadClaim(context: Context, reply: unknown, key: string): Promise<void> {
  const id = claimIdIn(reply);
  if (id === undefined) return;
  const claim = await context.claims.find(id);
  if (claim !== undefined && isLive(claim, context)) return;
  throw conflict(`The claim ${id} that the idempotency_key ${key} was given has ended`, {
    suggestion: 'Call again with a new idempotency_key',
  });
}

function claimIdIn(reply: unknown): string | undefined {
  if (typeof reply !== 'object' || reply === null || !('claim' in reply)) return undefined;
  const { claim } = reply;
  if (typeof claim !== 'object' || claim === null || !('claim_id' in claim)) return undefined;
  return typeof claim.claim_id === 'string' ? claim.claim_id : undefined;
}

const hashOf = ({ args, digest }: Repeat) => digest(canonical(args));

/** JSON whose keys are in order, so that equal arguments are equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

import { z } from 'zod';
import type { Context } from './tool.ts';

/** A call as a reply prints it, to be made as it stands. */
export const NextCall = z.object({ tool: z.string(), arguments: z.record(z.string(), z.unknown()) });

type Arguments = Readonly<Record<string, unknown>>;

/** A call that goes on in the caller's session, for several of them may call through one server. */
export const nextCall = ({ actor }: Pick<Context, 'actor'>, tool: `orchestrator_${string}`, args: Arguments) => ({
  tool,
  arguments: { ...args, ...(actor.isNamed === true && { session_id: actor.sessionId }) },
});

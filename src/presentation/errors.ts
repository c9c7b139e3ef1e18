import { foreseen as asForeseen } from '../application/foreseen.ts';
import type { Log } from '../application/ports.ts';
import type { ErrorCode, OrchestratorError } from '../domain/errors.ts';

/**
 * What each kind of error is to the faces. JSON-RPC keeps -32602 for what the caller can put right and
 * -32603 for the rest; the codes in between are reserved by MCP. A shell sees the exit code.
 */
export const CODES = {
  internal: { jsonRpc: -32603, exit: 1 },
  invalid: { jsonRpc: -32602, exit: 2 },
  not_found: { jsonRpc: -32602, exit: 3 },
  refused: { jsonRpc: -32602, exit: 4 },
  conflict: { jsonRpc: -32602, exit: 5 },
  transient: { jsonRpc: -32603, exit: 6 },
  timeout: { jsonRpc: -32603, exit: 7 },
} as const satisfies Record<ErrorCode, Readonly<{ jsonRpc: number; exit: number }>>;

/** What a refusal says on the wire. */
export const errorBody = ({ message, code, suggestion, details }: OrchestratorError): Record<string, unknown> => ({
  error: message,
  code,
  ...(suggestion !== undefined && { suggestion }),
  ...details,
});

/** Anything thrown outside of a call, as an error of ours; a call names its own reference. */
export const foreseen = (error: unknown, log: Pick<Log, 'error'>): OrchestratorError =>
  asForeseen(error, { log, reference: crypto.randomUUID().slice(0, 8) });

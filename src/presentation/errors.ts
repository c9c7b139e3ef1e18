import type { Log } from '../application/ports.ts';
import { type ErrorCode, OrchestratorError } from '../domain/errors.ts';

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

/** Anything thrown, as an error of ours: what nobody foresaw is logged whole under a reference and shown without details. */
export function foreseen(error: unknown, log: Pick<Log, 'error'>): OrchestratorError {
  if (error instanceof OrchestratorError) return error;
  const reference = crypto.randomUUID().slice(0, 8);
  log.error({ err: error, reference }, 'An error that nobody foresaw');
  return new OrchestratorError('internal', 'The orchestrator failed at something that it should have foreseen', {
    reference,
    suggestion: `Use orchestrator_get_status to see what stands; the log on stderr holds the details under ${reference}`,
  });
}

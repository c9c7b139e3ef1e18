import { OrchestratorError } from '../domain/errors.ts';
import type { Log } from './ports.ts';

/** Anything thrown, as an error of ours: what nobody foresaw is logged whole under a reference and shown without details. */
export function foreseen(error: unknown, { log, reference }: { log: Pick<Log, 'error'>; reference: string }) {
  if (error instanceof OrchestratorError) return error;
  log.error({ err: error, reference }, 'An error that nobody foresaw');
  return new OrchestratorError('internal', `Something went wrong inside the server (reference ${reference})`, {
    reference,
    suggestion: `Use orchestrator_get_status to see what is recorded; the log holds the details under ${reference}`,
  });
}

/** A call that was ended from outside says so, whatever it stumbled over then; one that says so itself may tell how far it came. */
export function whyEnded(error: unknown, { aborted, reason }: AbortSignal): unknown {
  const codeOf = (thrown: unknown) => (thrown instanceof OrchestratorError ? thrown.code : undefined);
  return aborted && codeOf(error) !== codeOf(reason) ? reason : error;
}

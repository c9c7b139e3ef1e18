/** What kind of thing went wrong; every face has a table from these to its own words. */
export const ERROR_CODES = ['invalid', 'not_found', 'refused', 'conflict', 'transient', 'timeout', 'internal'] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

type Body = Readonly<{ suggestion?: string | undefined; cause?: unknown } & Record<string, unknown>>;

/** The one error of ours: a code for programs, a sentence for people, the next call, and details in wire names. */
export class OrchestratorError extends Error {
  readonly code: ErrorCode;
  readonly suggestion: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, { suggestion, cause, ...details }: Body = {}) {
    super(message, { cause });
    this.name = 'OrchestratorError';
    this.code = code;
    this.suggestion = suggestion;
    this.details = details;
  }

  /** The same error with more to tell. */
  with(details: Readonly<Record<string, unknown>>): OrchestratorError {
    const { suggestion, cause } = this;
    return new OrchestratorError(this.code, this.message, { ...this.details, ...details, suggestion, cause });
  }
}

export const invalid = (message: string, body?: Body) => new OrchestratorError('invalid', message, body);
export const refused = (message: string, body?: Body) => new OrchestratorError('refused', message, body);
export const conflict = (message: string, body?: Body) => new OrchestratorError('conflict', message, body);

export const taskNotFound = (id: string, didYouMean: readonly string[] = []) =>
  new OrchestratorError('not_found', `Task not found: ${id}`, {
    suggestion: 'Use orchestrator_get_status to see available tasks',
    ...(didYouMean.length > 0 && { did_you_mean: didYouMean }),
  });

export const notFound = (kind: string, id: string, body?: Body) =>
  new OrchestratorError('not_found', `${kind} not found: ${id}`, body);

/** `meant` is a name that was given instead, by its looks. */
type Missing = Readonly<{ required: readonly string[]; provided: readonly string[]; meant?: string | undefined }>;

export const missingParameter = (name: string, { required, provided, meant }: Missing) => {
  const lacking = required.filter((one) => one === name || !provided.includes(one));
  const wanted = required.includes(name) ? lacking.join(', ').replace(/, ([^,]+)$/, ' and $1') : name;
  return invalid(`Missing required parameter: ${name}`, {
    required_parameters: required,
    provided_parameters: provided,
    ...(meant !== undefined && { did_you_mean: name }),
    suggestion: meant === undefined ? `Repeat with ${wanted}` : `Repeat with ${meant} renamed to ${name}`,
  });
};

export const timedOut = (action: string, details: Readonly<Record<string, unknown>> = {}) =>
  new OrchestratorError('timeout', 'Operation timed out', {
    action,
    suggestions: 'Try again with a smaller scope, or start the server with a longer --timeout',
    ...details,
  });

/** The client took its call back; nothing was changed. */
export const cancelled = () => new OrchestratorError('transient', 'The call was cancelled');

/** The store or the disk cannot take the write now; nothing was changed. */
export const transient = (message: string, body?: Body) => new OrchestratorError('transient', message, body);

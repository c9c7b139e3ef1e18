import type { DestinationStream, Logger } from 'pino';
import type { Log } from '../application/ports.ts';

/** From the most to the least that is said: each level shows itself and all after it. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Details = Readonly<Record<string, unknown>>;
type Line = Readonly<{ level: keyof Log; details: Details; message: string }>;

export type LogOptions = Readonly<{
  level: LogLevel;
  /** Where the lines go; stderr by default. Never stdout, which is the protocol's. */
  destination?: DestinationStream | undefined;
}>;

/**
 * A log of JSON lines without secrets. pino takes 16 ms to load, which a server that has nothing to say should not
 * spend: it is loaded for the first line that is shown, and the lines written meanwhile follow in their order.
 */
export function createLog({ level, destination }: LogOptions) {
  const waiting: Line[] = [];
  let logger: Logger | undefined;
  let loading: Promise<void> | undefined;

  const load = async () => {
    try {
      logger = await openLogger(level, destination);
      for (const line of waiting) put(logger, line);
    } catch {
      // A log that cannot be written must not end the server; the next line tries again.
      loading = undefined;
    }
    waiting.length = 0;
  };

  const isShown: Shown = (of) => LOG_LEVELS.indexOf(of) >= LOG_LEVELS.indexOf(level);
  const write = (line: Line) => {
    if (logger !== undefined) return put(logger, line);
    waiting.push(line);
    loading ??= load();
  };

  return {
    ...methods(write, isShown),
    /** The same log, saying `bindings` on each of its lines. */
    child: (bindings: Details): Log =>
      methods((line) => write({ ...line, details: { ...bindings, ...line.details } }), isShown),
    /** Waits until all that was logged is written. */
    close: async () => loading,
  };
}

type Shown = (level: keyof Log) => boolean;

/** The time is the moment of the call, not that of the write, which may come after pino was loaded. */
function methods(write: (line: Line) => void, isShown: Shown): Log {
  const at = (level: keyof Log) => (details: Details, message: string) => {
    if (isShown(level)) write({ level, details: { time: new Date().toISOString(), ...details }, message });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const put = (logger: Logger, { level, details, message }: Line) => logger[level](details, message);

async function openLogger(level: LogLevel, given: DestinationStream | undefined): Promise<Logger> {
  const { destination, pino } = await import('pino');
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: false,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (details: Details) => withoutSecrets(details),
    },
    // pino would describe an error under this name once more.
    serializers: { err: (described: unknown) => described },
  };
  if (given !== undefined) return pino(options, given);

  const stderr = destination({ fd: 2, sync: true });
  // Unheard, an error such as a full disk behind a redirected stderr would end the process.
  stderr.on('error', () => undefined);
  return pino(options, stderr);
}

const SECRET =
  /(token|passwords?|passwd|passphrase|secrets?|authorization|cookie|credentials?|(api|private|access|embeddings)[-_]?key)$/i;
/** Levels that are looked through; what lies deeper is not shown, for nobody has looked at it. */
const DEPTH = 6;

/** The details with every value removed that stands under the name of a secret, also within lists and errors. */
function withoutSecrets(details: Details, depth = DEPTH): Details {
  const clean = ([key, value]: [string, unknown]) => [key, SECRET.test(key) ? '[removed]' : cleaned(value, depth - 1)];
  return Object.fromEntries(Object.entries(details).map(clean));
}

function cleaned(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  if (depth === 0) return '[too deep]';
  if (value instanceof Error) return withoutSecrets(described(value), depth);
  if (Array.isArray(value)) return value.map((one) => cleaned(one, depth - 1));
  return withoutSecrets({ ...value }, depth);
}

const described = (error: Error): Details => ({
  type: error.name,
  ...error,
  message: error.message,
  stack: error.stack,
  ...(error.cause !== undefined && { cause: error.cause }),
});

import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { TOOL_SETS } from './application/tool.ts';
import { closest } from './domain/closest.ts';
import { ROLE_NAME } from './domain/specialist.ts';
import { ifThere } from './infrastructure/file-errors.ts';
import { LOG_LEVELS } from './infrastructure/log.ts';

/** What was asked for on the command line, with the settings when it is to serve. */
export type Invocation = Readonly<{ command: 'serve'; config: Config } | { command: 'help' | 'version' }>;
export type Config = Readonly<ReturnType<typeof configOf>>;

/** A mistake in a flag, a variable or the user's file, in one line for a person. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type Surroundings = Readonly<{
  /** Without the program and its script. */
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  platform?: NodeJS.Platform;
}>;

/** Reads the settings: flags over environment over the user's own file over defaults. Nothing is read from the workspace, for a clone is not trusted. */
export async function readConfig(surroundings: Surroundings): Promise<Invocation> {
  const tokens = tokensOf(surroundings.argv);
  const command = COMMANDS.find((name) => tokens.some((token) => token.kind === 'option' && token.name === name));
  if (command !== undefined) return { command };

  const said = new Map([...environment(surroundings.env), ...flags(tokens)]);
  const values = Object.fromEntries([...said].map(([name, { value }]) => [name, value]));
  const filed = await settingsFile(configFile(surroundings));
  const settings = checked(Settings, { ...filed, ...values }, ([name]) => said.get(String(name))?.origin ?? '');
  return { command: 'serve', config: configOf(settings) };
}

export function helpText(): string {
  const rows = ROWS.map(({ name, value, what }) => {
    const byDefault = DEFAULTS[name];
    const ending = byDefault === undefined ? '' : ` Default: ${byDefault}.`;
    return `  --${flagOf(name)} <${value}>\n      ${what}${ending}\n      ${variableOf(name)}\n`;
  });
  return `Usage: mcp-task-orchestrator [flags]

Serves the tasks of one workspace over MCP, on standard input and output.

${rows.join('\n')}
  -h, --help
      Shows this text.

  -v, --version
      Shows the version.

A flag comes before its environment variable, and both before the file mcp-task-orchestrator/config.json
in $XDG_CONFIG_HOME, ~/.config or %APPDATA%. There a setting is spelt like its flag, with underscores;
the thresholds of maintenance, which only the file can change, are these:

${JSON.stringify({ maintenance: DEFAULTS.maintenance }, null, 2)}
`;
}

const COMMANDS = ['help', 'version'] as const;
const TOOL_NAMES = ['current', 'planned', 'both'] as const;
const SYNCHRONOUS = ['full', 'normal'] as const;

/** After how long without activity a task of each kind counts as stale. */
const STALE_HOURS = {
  researcher: 12,
  documenter: 8,
  reviewer: 6,
  tester: 16,
  debugger: 24,
  implementer: 48,
  architect: 72,
};

/** Every error text completes the sentence `<what was given> is not …`. */
const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });

const amount = (unit: string, most: number) => {
  const error = `a number of ${unit} above 0 and up to ${most}`;
  return z.number({ error }).positive({ error }).max(most, { error });
};

const Days = amount('days', 36_500);
const Hours = amount('hours', 876_000);
const Seconds = amount('seconds', 86_400);
const Toolset = oneOf([...TOOL_SETS, 'all']);

const A_GROUP = { error: 'an object of settings' };
const A_LIST = { error: `a list of ${Toolset.options.join(', ')}` };

const Retention = z.strictObject(
  { completed: Days.default(90), failed: Days.default(60), cancelled: Days.default(30) },
  A_GROUP,
);

const Maintenance = z.strictObject(
  {
    retention_days: Retention.prefault({}),
    trash_days: Days.default(30),
    orphan_file_days: Days.default(7),
    stale_hours: z
      .record(z.string().regex(ROLE_NAME), Hours, { error: 'an object of hours by specialist' })
      .transform((given) => ({ ...STALE_HOURS, ...given }))
      .prefault({}),
    stale_hours_otherwise: Hours.default(24),
  },
  A_GROUP,
);

/** The settings by the names that the file gives them. Flags and variables are texts, so numbers and lists may be. */
const Settings = z.strictObject(
  {
    workspace: z.string().min(1, { error: 'a folder' }).optional(),
    log_level: oneOf(LOG_LEVELS).default('info'),
    timeout: z
      .preprocess((given) => (typeof given === 'string' && given.trim() ? Number(given) : given), Seconds)
      .default(30),
    tool_names: oneOf(TOOL_NAMES).default('current'),
    toolsets: z
      .preprocess(
        (given) => (typeof given === 'string' ? given.split(',').map((name) => name.trim()) : given),
        z.array(Toolset, A_LIST).min(1, A_LIST),
      )
      .default(['core']),
    synchronous: oneOf(SYNCHRONOUS).default('full'),
    maintenance: Maintenance.prefault({}),
  },
  A_GROUP,
);
const FiledSettings = Settings.omit({ workspace: true });
const DEFAULTS = Settings.parse({});

/** The settings that have a flag and a variable, in the order of the help. */
const ROWS = [
  {
    name: 'workspace',
    value: 'folder',
    what: 'The project whose tasks are kept. Default: found from the working directory.',
  },
  { name: 'log_level', value: LOG_LEVELS.join('|'), what: 'How much is logged to standard error.' },
  { name: 'timeout', value: 'seconds', what: 'How long a call may take.' },
  {
    name: 'tool_names',
    value: TOOL_NAMES.join('|'),
    what: 'By which names tools are listed; a call by either works always.',
  },
  {
    name: 'toolsets',
    value: Toolset.options.join(','),
    what: 'Which tools are listed; the others can still be called.',
  },
  {
    name: 'synchronous',
    value: SYNCHRONOUS.join('|'),
    what: 'Whether each write waits for the disk; normal is faster, but a power cut may take the last ones.',
  },
] as const satisfies readonly Readonly<{ name: keyof typeof Settings.shape; value: string; what: string }>[];

const flagOf = (name: string) => name.replaceAll('_', '-');
const variableOf = (name: string) => `MCP_TASK_ORCHESTRATOR_${name.toUpperCase()}`;

const FLAGS = [...ROWS.map(({ name }) => flagOf(name)), ...COMMANDS];

type Said = Readonly<{ value: string; origin: string }>;
type Token = ReturnType<typeof tokensOf>[number];

const tokensOf = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: {
      ...Object.fromEntries(ROWS.map(({ name }) => [flagOf(name), { type: 'string' } as const])),
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
    // Strict, it would refuse in words of its own, which do not say what was meant.
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens;

const flags = (tokens: readonly Token[]): readonly (readonly [string, Said])[] =>
  tokens.filter((token) => token.kind !== 'option-terminator').map(flag);

function flag(token: Exclude<Token, { kind: 'option-terminator' }>): readonly [string, Said] {
  if (token.kind === 'positional')
    throw new ConfigError(`Unexpected argument ${token.value}; --help shows what there is`);
  const { name, rawName, value, inlineValue } = token;
  const row = ROWS.find((known) => flagOf(known.name) === name);
  if (row === undefined) throw new ConfigError(`Unknown flag ${rawName}; ${meant(name, FLAGS, '--')}`);
  const isMissing = value === undefined || (!inlineValue && value.startsWith('--'));
  if (isMissing) throw new ConfigError(`${rawName} needs a value: ${rawName} <${row.value}>`);
  return [row.name, { value, origin: rawName }];
}

/** A variable that is set to nothing is not set. */
const environment = (env: Surroundings['env']): readonly (readonly [string, Said])[] =>
  ROWS.flatMap(({ name }) => {
    const value = env[variableOf(name)];
    return value ? [[name, { value, origin: variableOf(name) }] as const] : [];
  });

function configFile({ env, home, platform = process.platform }: Surroundings): string {
  const { APPDATA, XDG_CONFIG_HOME } = env;
  const forWindows = () => APPDATA || join(home, 'AppData', 'Roaming');
  const elsewhere = () => (XDG_CONFIG_HOME && isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : join(home, '.config'));
  return join(platform === 'win32' ? forWindows() : elsewhere(), 'mcp-task-orchestrator', 'config.json');
}

/** The settings of the user's file, filled up with the defaults. */
async function settingsFile(file: string): Promise<z.output<typeof FiledSettings>> {
  const text = await mistakes(`${file} cannot be read`, async () => ifThere(readFile(file, 'utf8')));
  // Editors on Windows begin a file with a mark that JSON does not know.
  const parse = async (): Promise<unknown> => JSON.parse(text?.replace(/^\uFEFF/, '') ?? '{}');
  const stated = await mistakes(`${file} is not JSON`, parse);
  return checked(FiledSettings, stated, (path) => [file, path.join('.')].filter(Boolean).join(', '));
}

async function mistakes<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error);
    throw new ConfigError(`${what}: ${reason}`, { cause: error });
  }
}

type Path = readonly PropertyKey[];

function checked<T extends z.ZodType>(schema: T, stated: unknown, origin: (path: Path) => string): z.output<T> {
  const outcome = schema.safeParse(stated);
  if (outcome.success) return outcome.data;
  const [issue] = outcome.error.issues;
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const known = at(DEFAULTS, path);
    throw new ConfigError(
      `${origin([...path, key])} is not known; ${meant(key, Object.keys(isObject(known) ? known : {}))}`,
    );
  }
  // A wrong entry is best seen in its list.
  const shown = path.filter((step) => typeof step !== 'number');
  throw new ConfigError(
    `${origin(shown)}: ${JSON.stringify(at(stated, shown))} is not ${issue?.message ?? 'accepted'}`,
  );
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, step) => (isObject(inner) ? inner[step] : undefined), value);

const isObject = (value: unknown): value is Readonly<Record<PropertyKey, unknown>> =>
  typeof value === 'object' && value !== null;

function meant(word: string, known: readonly string[], prefix = ''): string {
  const [likeliest] = closest(word, known);
  if (likeliest !== undefined) return `did you mean ${prefix}${likeliest}?`;
  return `there are ${known.map((name) => prefix + name).join(', ')}`;
}

function configOf({ maintenance, ...settings }: z.output<typeof Settings>) {
  return {
    workspace: settings.workspace,
    logLevel: settings.log_level,
    timeoutMs: settings.timeout * 1_000,
    toolNames: settings.tool_names,
    toolsets: TOOL_SETS.filter((set) => settings.toolsets.some((named) => named === 'all' || named === set)),
    synchronous: settings.synchronous,
    maintenance: {
      retentionDays: maintenance.retention_days,
      trashDays: maintenance.trash_days,
      orphanFileDays: maintenance.orphan_file_days,
      staleHours: maintenance.stale_hours,
      staleHoursOtherwise: maintenance.stale_hours_otherwise,
    },
  };
}

import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { A_GROUP, amount, MaintenanceSettings } from './application/maintenance/settings.ts';
import { APPROVALS } from './application/person.ts';
import { TOOL_SETS } from './application/tool.ts';
import { closest } from './domain/closest.ts';
import { ifThere } from './infrastructure/file-errors.ts';
import { LOG_LEVELS } from './infrastructure/log.ts';
import { asksForTelemetry } from './infrastructure/telemetry.ts';
import { whyNoTimetable } from './infrastructure/timetable.ts';

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
  const file = configFile(surroundings);
  const filed = await settingsFile(file);
  const { maintenance: schedule = filed.maintenance?.schedule, ...others } = values;
  const stated = { ...filed, ...others, maintenance: { ...filed.maintenance, schedule } };
  const settings = checked(Settings, stated, ([name]) => said.get(String(name))?.origin ?? '');
  await checkSchedule(schedule, said.get('maintenance')?.origin ?? `${file}, maintenance.schedule`);
  return { command: 'serve', config: configOf(settings, surroundings) };
}

/** Only who wants a schedule pays for reading it. */
async function checkSchedule(schedule: string | undefined, origin: string): Promise<void> {
  const why = schedule === undefined ? undefined : await whyNoTimetable(schedule);
  if (why === undefined) return;
  throw new ConfigError(`${origin}: ${JSON.stringify(schedule)} is not a schedule such as "0 3 * * *": ${why}`);
}

export function helpText(): string {
  const byName = defaults();
  const rows = ROWS.map(({ name, value, what }) => {
    const byDefault = name === 'maintenance' ? undefined : byName[name];
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
only the workspace is not set there. Under maintenance lie its schedule, of which this is an example, and its
thresholds, which only the file can change and which are these otherwise:

${JSON.stringify({ maintenance: { schedule: '0 3 * * *', ...byName.maintenance } }, null, 2)}
`;
}

const COMMANDS = ['help', 'version'] as const;
const TOOL_NAMES = ['current', 'planned', 'both'] as const;
const SYNCHRONOUS = ['full', 'normal'] as const;

/** Every error text completes the sentence `<what was given> is not …`. */
const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });

const Seconds = amount('seconds', 86_400);
const Toolset = oneOf([...TOOL_SETS, 'all']);

const A_LIST = { error: `a list of ${Toolset.options.join(', ')}` };

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
    approvals: oneOf(APPROVALS).default('anyone'),
    embeddings_url: z.url({ protocol: /^https?$/, error: 'an http or https address' }).optional(),
    embeddings_model: z.string().min(1, { error: 'the name of a model' }).default('nomic-embed-text'),
    embeddings_key: z.coerce.string().optional(),
    maintenance: MaintenanceSettings.prefault({}),
  },
  A_GROUP,
);
const FiledSettings = Settings.omit({ workspace: true });
const defaults = () => Settings.parse({});

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
  {
    name: 'approvals',
    value: APPROVALS.join('|'),
    what: 'Whose word passes an approval: of anyone who calls, or only of a person, asked in the client.',
  },
  {
    name: 'maintenance',
    value: 'schedule',
    what: 'When to clean up by itself: five fields of cron, or six with seconds, in local time: "0 3 * * *". Default: never.',
  },
  { name: 'embeddings_url', value: 'address', what: 'An OpenAI-compatible endpoint, for search to find meanings too.' },
  { name: 'embeddings_model', value: 'name', what: 'The model that this endpoint is asked for.' },
  { name: 'embeddings_key', value: 'key', what: 'Its key, if any. Others can see a flag: prefer the variable.' },
] as const satisfies readonly Readonly<{ name: keyof typeof Settings.shape; value: string; what: string }>[];

const flagOf = (name: string) => name.replaceAll('_', '-');
const PREFIX = 'MCP_TASK_ORCHESTRATOR_';
const variableOf = (name: string) => `${PREFIX}${name.toUpperCase()}`;

const FLAGS = [...ROWS.map(({ name }) => flagOf(name)), ...COMMANDS];
/** Compared without what they all begin with, in which nobody's slip is told from another word. */
const ENDINGS = ROWS.map(({ name }) => name.toUpperCase());

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

/** A variable that is set to nothing is not set. One that is like none of ours may be the Python server's, and means nothing here. */
function environment(env: Surroundings['env']): readonly (readonly [string, Said])[] {
  for (const name of Object.keys(env).filter((one) => one.startsWith(PREFIX) && env[one])) {
    const ending = name.slice(PREFIX.length);
    const isMisspelt = !ENDINGS.includes(ending) && closest(ending, ENDINGS).length > 0;
    if (isMisspelt) throw new ConfigError(`The variable ${name} is not known; ${meant(ending, ENDINGS, PREFIX)}`);
  }
  return ROWS.flatMap(({ name }) => {
    const value = env[variableOf(name)];
    return value ? [[name, { value, origin: variableOf(name) }] as const] : [];
  });
}

function configFile({ env, home, platform = process.platform }: Surroundings): string {
  const { APPDATA, XDG_CONFIG_HOME } = env;
  const forWindows = () => APPDATA || join(home, 'AppData', 'Roaming');
  const elsewhere = () => (XDG_CONFIG_HOME && isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : join(home, '.config'));
  return join(platform === 'win32' ? forWindows() : elsewhere(), 'mcp-task-orchestrator', 'config.json');
}

/** The settings of the user's file, filled up with the defaults; nothing where there is none, as at most starts. */
async function settingsFile(file: string): Promise<Partial<z.output<typeof FiledSettings>>> {
  const text = await mistakes(`${file} cannot be read`, async () => ifThere(readFile(file, 'utf8')));
  if (text === undefined) return {};
  // Editors on Windows begin a file with a mark that JSON does not know.
  const parse = async (): Promise<unknown> => JSON.parse(text.replace(/^\uFEFF/, ''));
  const stated = withSchedule(await mistakes(`${file} is not JSON`, parse));
  return checked(FiledSettings, stated, (path) => [file, path.join('.')].filter(Boolean).join(', '));
}

/** A schedule alone may stand for the settings of maintenance, as it does in the flag. */
const withSchedule = (stated: unknown) =>
  isObject(stated) && typeof stated.maintenance === 'string'
    ? { ...stated, maintenance: { schedule: stated.maintenance } }
    : stated;

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
    // Some of those at the top have no default.
    const known = path.length === 0 ? FiledSettings.shape : at(defaults(), path);
    const names = Object.keys(isObject(known) ? known : {});
    throw new ConfigError(`${origin([...path, key])} is not known; ${meant(key, names)}`);
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

function configOf({ maintenance, ...settings }: z.output<typeof Settings>, { env }: Pick<Surroundings, 'env'>) {
  return {
    workspace: settings.workspace,
    logLevel: settings.log_level,
    timeoutMs: settings.timeout * 1_000,
    toolNames: settings.tool_names,
    toolsets: TOOL_SETS.filter((set) => settings.toolsets.some((named) => named === 'all' || named === set)),
    synchronous: settings.synchronous,
    approvals: settings.approvals,
    embeddings: { url: settings.embeddings_url, model: settings.embeddings_model, key: settings.embeddings_key },
    telemetry: asksForTelemetry(env),
    maintenanceSchedule: maintenance.schedule,
    maintenance: {
      retentionDays: maintenance.retention_days,
      trashDays: maintenance.trash_days,
      orphanFileDays: maintenance.orphan_file_days,
      staleHours: maintenance.stale_hours,
      staleHoursOtherwise: maintenance.stale_hours_otherwise,
    },
  };
}

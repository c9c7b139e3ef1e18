import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { TOOL_SETS } from './application/tool.ts';
import { DEFAULTS, FILED_SETTINGS, ROWS, type Schemas, SETTINGS, type Stated, schemaOf } from './config/settings.ts';
import { closest } from './domain/closest.ts';
import { ifThere } from './infrastructure/file-errors.ts';
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
  const stated = checked(SETTINGS, values, ([name]) => said.get(String(name))?.origin ?? '');
  const settings = inForce(filed, stated);
  await checkSchedule(
    settings.maintenance.schedule,
    said.get('maintenance')?.origin ?? `${file}, maintenance.schedule`,
  );
  return { command: 'serve', config: configOf(settings, surroundings) };
}

/** Only who wants a schedule pays for reading it. */
async function checkSchedule(schedule: string | undefined, origin: string): Promise<void> {
  const why = schedule === undefined ? undefined : await whyNoTimetable(schedule);
  if (why === undefined) return;
  throw new ConfigError(`${origin}: ${JSON.stringify(schedule)} is not a schedule such as "0 3 * * *": ${why}`);
}

export function helpText(): string {
  const rows = ROWS.map(({ name, value, what }) => {
    const byDefault = name === 'maintenance' ? undefined : at(DEFAULTS, [name]);
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

${JSON.stringify({ maintenance: { schedule: '0 3 * * *', ...DEFAULTS.maintenance } }, null, 2)}
`;
}

const COMMANDS = ['help', 'version'] as const;
const flagOf = (name: string) => name.replaceAll('_', '-');
const PREFIX = 'MCP_TASK_ORCHESTRATOR_';
const variableOf = (name: string) => `${PREFIX}${name.toUpperCase()}`;

const FLAGS = [...ROWS.map(({ name }) => flagOf(name)), ...COMMANDS];
/** Compared without what they all begin with, in which nobody's slip is told from another word. */
const ENDINGS = ROWS.map(({ name }) => name.toUpperCase());

type Said = Readonly<{ value: string; origin: string }>;
type Token = ReturnType<typeof tokensOf>[number];

/** Imported at the top, the bundle would look at all that this module of Node's exports, which loads much of it: 1 ms. */
const tokensOf = (argv: readonly string[]) =>
  process.getBuiltinModule('node:util').parseArgs({
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

/** What the user's file states; nothing where there is none, as at most starts. */
async function settingsFile(file: string): Promise<Stated> {
  const text = await mistakes(`${file} cannot be read`, () => ifThere(textOf(file)));
  if (text === undefined) return {};
  // Editors on Windows begin a file with a mark that JSON does not know.
  const parse = async (): Promise<unknown> => JSON.parse(text.replace(/^\uFEFF/, ''));
  const stated = await mistakes(`${file} is not JSON`, parse);
  return checked(FILED_SETTINGS, stated, (path) => [file, path.join('.')].filter(Boolean).join(', '));
}

/** What reads files without waiting for them is a module of Node's that nothing else needs before the first call: 1.5 ms. */
const textOf = async (file: string) => readFileSync(file, 'utf8');

async function mistakes<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error);
    throw new ConfigError(`${what}: ${reason}`, { cause: error });
  }
}

type Path = readonly PropertyKey[];

function checked(settings: Schemas, stated: unknown, origin: (path: Path) => string): Stated {
  // Used once, a schema is not worth compiling.
  const outcome = schemaOf(settings, keysOf(stated)).safeParse(stated, { jitless: true });
  if (outcome.success) return outcome.data;
  const [issue] = outcome.error.issues;
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    // Some of those at the top have no default.
    const known = path.length === 0 ? settings : at(DEFAULTS, path);
    throw new ConfigError(`${origin([...path, key])} is not known; ${meant(key, keysOf(known))}`);
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

const keysOf = (value: unknown) => Object.keys(isObject(value) ? value : {});

function meant(word: string, known: readonly string[], prefix = ''): string {
  const [likeliest] = closest(word, known);
  if (likeliest !== undefined) return `did you mean ${prefix}${likeliest}?`;
  return `there are ${known.map((name) => prefix + name).join(', ')}`;
}

/** Thresholds of the file stand beside a schedule from a flag. */
const inForce = (filed: Stated, said: Stated) => ({
  ...DEFAULTS,
  ...filed,
  ...said,
  maintenance: { ...DEFAULTS.maintenance, ...filed.maintenance, ...said.maintenance },
});

function configOf({ maintenance, ...settings }: ReturnType<typeof inForce>, { env }: Pick<Surroundings, 'env'>) {
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

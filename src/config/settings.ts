import { z } from 'zod';
import { A_GROUP, amount, maintenanceSettings, THRESHOLDS } from '../application/maintenance/settings.ts';
import { APPROVALS } from '../application/person.ts';
import { TOOL_SETS } from '../application/tool.ts';
import { LOG_LEVELS } from '../infrastructure/log.ts';

const TOOL_NAMES = ['current', 'planned', 'both'] as const;
const TOOLSETS = [...TOOL_SETS, 'all'] as const;
const SYNCHRONOUS = ['full', 'normal'] as const;

/** Every error text completes the sentence `<what was given> is not …`. */
const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });

const A_LIST = { error: `a list of ${TOOLSETS.join(', ')}` };

/** How each setting is read. Most starts state a workspace at most, and make no other schema than its own. */
export type Schemas = Readonly<Record<string, () => z.ZodType>>;

/** The settings by the names that the file gives them. Flags and variables are texts, so numbers and lists may be. */
export const FILED_SETTINGS = {
  log_level: () => oneOf(LOG_LEVELS),
  timeout: () =>
    z.preprocess(
      (given) => (typeof given === 'string' && given.trim() ? Number(given) : given),
      amount('seconds', 86_400),
    ),
  tool_names: () => oneOf(TOOL_NAMES),
  toolsets: () =>
    z.preprocess(
      (given) => (typeof given === 'string' ? given.split(',').map((name) => name.trim()) : given),
      z.array(oneOf(TOOLSETS), A_LIST).min(1, A_LIST),
    ),
  synchronous: () => oneOf(SYNCHRONOUS),
  approvals: () => oneOf(APPROVALS),
  embeddings_url: () => z.url({ protocol: /^https?$/, error: 'an http or https address' }),
  embeddings_model: () => z.string().min(1, { error: 'the name of a model' }),
  embeddings_key: () => z.coerce.string(),
  // A schedule alone may stand for the settings of maintenance: flag and variable say no more.
  maintenance: () =>
    z.preprocess((given) => (typeof given === 'string' ? { schedule: given } : given), maintenanceSettings()),
} as const satisfies Schemas;

/** With the one that is not set in the file. */
export const SETTINGS = {
  workspace: () => z.string().min(1, { error: 'a folder' }),
  ...FILED_SETTINGS,
} as const satisfies Schemas;

type Name = keyof typeof SETTINGS;
export type Stated = { readonly [Each in Name]?: z.output<ReturnType<(typeof SETTINGS)[Each]>> };

/** The schema of those settings that are stated. Which they are is known only at run time: its type is taken on trust. */
export function schemaOf(settings: Schemas, stated: readonly string[]): z.ZodType<Stated> {
  const shape = Object.entries(settings)
    .filter(([name]) => stated.includes(name))
    .map(([name, schema]) => [name, schema()] as const);
  return z.strictObject(Object.fromEntries(shape), A_GROUP);
}

/** What holds where nothing is stated. */
export const DEFAULTS = {
  log_level: 'info',
  timeout: 30,
  tool_names: 'current',
  toolsets: ['core'],
  synchronous: 'full',
  approvals: 'anyone',
  embeddings_model: 'nomic-embed-text',
  maintenance: THRESHOLDS,
} satisfies Stated;

/** The settings that have a flag and a variable, in the order of the help. */
export const ROWS = [
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
    value: TOOLSETS.join(','),
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
] as const satisfies readonly Readonly<{ name: Name; value: string; what: string }>[];

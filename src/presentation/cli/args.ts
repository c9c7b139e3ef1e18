import { parseArgs } from 'node:util';
import { ConfigError } from '../../config.ts';
import { closest } from '../../domain/closest.ts';
import type { Command, Flag, Given } from './command.ts';

/** Flags that every command has. */
export const COMMON = {
  workspace: { value: 'folder', what: 'The project whose store is meant. Default: found from the working directory.' },
  json: { what: 'Says it for programs, as JSON.' },
  help: { what: 'Shows this text.' },
} as const satisfies Readonly<Record<string, Flag>>;

/** Reads what stands behind the name of a command. Throws `ConfigError` with what was most likely meant. */
export function parse(argv: readonly string[], { name, flags, operand }: Command & { name: string }): Given {
  const known: Readonly<Record<string, Flag>> = { ...flags, ...COMMON };
  const options = Object.fromEntries(
    Object.entries(known).map(([flag, { value }]) => [
      flag,
      { type: value === undefined ? 'boolean' : 'string' } as const,
    ]),
  );
  // Strict, it would refuse in words of its own, which do not say what was meant.
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const texts = new Map<string, string>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind === 'option') texts.set(token.name, saidBy(token, { name, flag: known[token.name], known }));
  }
  const extra = operands[operand === undefined ? 0 : 1];
  if (extra !== undefined) throw new ConfigError(`Unexpected argument ${extra}; ${seeHelp(name)}`);
  if (operand?.startsWith('<') && operands.length === 0 && !texts.has('help'))
    throw new ConfigError(`${name} needs ${operand}; ${seeHelp(name)}`);
  return givenBy(texts, operands[0]);
}

type Option = Readonly<{ name: string; rawName: string; value: string | undefined; inlineValue: boolean | undefined }>;
type Knowledge = Readonly<{ name: string; flag: Flag | undefined; known: Readonly<Record<string, Flag>> }>;

function saidBy({ name: flagName, rawName, value, inlineValue }: Option, { name, flag, known }: Knowledge): string {
  if (flag === undefined) {
    const [likeliest] = closest(flagName, Object.keys(known));
    throw new ConfigError(
      `Unknown flag ${rawName} of ${name}; ${likeliest === undefined ? seeHelp(name) : `did you mean --${likeliest}?`}`,
    );
  }
  if (flag.value === undefined) {
    if (value !== undefined) throw new ConfigError(`${rawName} takes no value`);
    return 'on';
  }
  if (value === undefined || value === '' || (!inlineValue && value.startsWith('--')))
    throw new ConfigError(`${rawName} needs a value: ${rawName} <${flag.value}>`);
  return value;
}

const seeHelp = (name: string) => `mcp-task-orchestrator ${name} --help shows what there is`;

const givenBy = (texts: ReadonlyMap<string, string>, operand: string | undefined): Given => ({
  operand,
  text: (flag) => texts.get(flag),
  isOn: (flag) => texts.has(flag),
  choice(flag, words) {
    const text = texts.get(flag);
    const word = words.find((one) => one === text);
    if (word !== undefined || text === undefined) return word;
    const [likeliest] = closest(text, words);
    const meant = likeliest === undefined ? '' : `; did you mean ${likeliest}?`;
    throw new ConfigError(`--${flag}: ${JSON.stringify(text)} is not one of ${words.join(', ')}${meant}`);
  },
  count(flag, { byDefault, least }) {
    const text = texts.get(flag);
    if (text === undefined) return byDefault;
    const count = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count >= least) return count;
    throw new ConfigError(`--${flag}: ${JSON.stringify(text)} is not a whole number of at least ${least}`);
  },
});

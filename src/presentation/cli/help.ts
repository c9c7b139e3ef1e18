import { COMMON } from './args.ts';
import type { Command, Flag } from './command.ts';
import { COMMANDS } from './commands.ts';
import { aligned } from './render.ts';

/** What there is beside serving, for the end of the help of the program. */
export const commandsText =
  () => `Commands, as in mcp-task-orchestrator <command> [flags], each with a --help of its own:

${indented(aligned(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary])))}
`;

export function helpOf(name: string, { flags, operand, notes }: Command): string {
  const all: Readonly<Record<string, Flag>> = { ...flags, ...COMMON };
  const rows = Object.entries(all).map(([flag, { value, what, byDefault }]) => {
    const ending = byDefault === undefined ? '' : ` Default: ${byDefault}.`;
    return [value === undefined ? `--${flag}` : `--${flag} <${value}>`, `${what}${ending}`] as const;
  });
  const usage = ['mcp-task-orchestrator', name, operand, '[flags]'].filter((part) => part !== undefined).join(' ');
  return `Usage: ${usage}

${COMMANDS[name]?.summary}.

${indented(aligned(rows))}
${notes === undefined ? '' : `\n${notes}\n`}
It ends with 0 when all is well, with 1 when it failed or found something wrong, with 2 when it was called wrongly.
`;
}

const indented = (text: string) => text.replaceAll(/^/gm, '  ');

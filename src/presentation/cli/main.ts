import { devNull, homedir } from 'node:os';
import { type Config, ConfigError, helpText, readConfig } from '../../config.ts';
import { closest } from '../../domain/closest.ts';
import { OrchestratorError } from '../../domain/errors.ts';
import { errorBody } from '../errors.ts';
import { IDENTITY } from '../identity.ts';
import { parse } from './args.ts';
import type { Command, Given, Surroundings } from './command.ts';
import { COMMANDS } from './commands.ts';
import { commandsText, helpOf } from './help.ts';
import { harmless } from './render.ts';

/** Runs a command, or answers what is asked about the program itself; whatever else stands on the command line is refused. */
export async function start(): Promise<void> {
  const [said = '', ...rest] = argvSaid();
  if (said === '' || said.startsWith('-')) return tellAboutUs([said, ...rest]);
  const name = said.replace(AS_A_TOOL, '$1');
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) throw new ConfigError(`There is no command ${name}; ${meant(name)}`);
  const command = await entry.load();
  const given = parse(rest, { ...command, name });
  if (given.isOn('help')) return say(helpOf(name, command));
  await run(command, given);
}

/** Commands that do what a tool does answer to its name as well. */
const AS_A_TOOL = /^(?:orchestrator_)?(export|import)[-_]workflow$/;

/** `help backup` asks for the same as `backup --help`, as with other programs. */
function argvSaid(): readonly string[] {
  const argv = process.argv.slice(2);
  const [first, second, ...rest] = argv;
  if (first !== 'help') return argv;
  return second === undefined || second.startsWith('-') ? ['--help'] : [second, ...rest, '--help'];
}

async function tellAboutUs(argv: readonly string[]): Promise<void> {
  const { command } = await readConfig({ argv, env: process.env, home: homedir() });
  await say(command === 'version' ? `${IDENTITY.version}\n` : `${helpText()}\n${commandsText()}`);
}

function meant(name: string): string {
  const names = Object.keys(COMMANDS);
  const [likeliest] = closest(name, names);
  return likeliest === undefined ? `there are ${names.join(', ')}; --help tells of each` : `did you mean ${likeliest}?`;
}

async function run(command: Command, given: Given): Promise<void> {
  const isJson = given.isOn('json');
  const tell = (line: string) => void process.stderr.write(`${harmless(line)}\n`);
  try {
    const surroundings = { tell, ask: isJson ? undefined : asking(), ...(await settings(command, given)) };
    const { report, text, isFine } = await command.run(given, surroundings);
    process.exitCode = isFine ? 0 : 1;
    await say(isJson ? asJson(report) : `${harmless(text)}\n`);
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    process.exitCode = 1;
    if (isJson) return say(asJson(errorBody(error)));
    tell(error.message);
    for (const problem of furtherProblems(error)) tell(problem);
    if (error.suggestion !== undefined) tell(error.suggestion);
  }
}

/** What else is wrong, beside what the sentence names first. */
function furtherProblems({ details: { problems } }: OrchestratorError): readonly string[] {
  return Array.isArray(problems) ? problems.slice(1).filter((problem) => typeof problem === 'string') : [];
}

/** The settings without flags of the server's, which mean nothing to a command. */
async function settings(command: Command, given: Given): Promise<Pick<Surroundings, 'config' | 'mistake'>> {
  const workspace = given.text('workspace');
  const argv = workspace === undefined ? [] : ['--workspace', workspace];
  const home = homedir();
  try {
    return { config: await configFrom({ argv, env: process.env, home }) };
  } catch (error) {
    if (!(error instanceof ConfigError) || command.toleratesBadSettings !== true) throw error;
    const { MCP_TASK_ORCHESTRATOR_WORKSPACE: named } = process.env;
    const env = named === undefined ? {} : { MCP_TASK_ORCHESTRATOR_WORKSPACE: named };
    // A folder in which nobody keeps settings.
    return { config: await configFrom({ argv, env, home: devNull }), mistake: error.message };
  }
}

async function configFrom(surroundings: Parameters<typeof readConfig>[0]): Promise<Config> {
  const invocation = await readConfig(surroundings);
  if (invocation.command !== 'serve') throw new Error('these flags are settings');
  return invocation.config;
}

/** Somebody sits in front of a terminal, or nobody is asked. */
function asking(): Surroundings['ask'] {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return async (question) => {
    const { createInterface } = await import('node:readline/promises');
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^\s*y(es)?\s*$/i.test(await lines.question(`${harmless(question)} [y/N] `));
    } finally {
      lines.close();
    }
  };
}

const asJson = (report: Readonly<Record<string, unknown>>) => `${JSON.stringify(report, null, 2)}\n`;

/** Waits until it is written: what reads it may be slower than we are. */
const say = (text: string) =>
  new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });

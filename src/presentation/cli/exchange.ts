import { setFlagsFromString } from 'node:v8';
import type { Config } from '../../config.ts';
import { OrchestratorError } from '../../domain/errors.ts';
import type { Surroundings } from './command.ts';

/** A person waits as long as it takes; what hangs for an hour hangs for ever. */
const TIMEOUT_MS = 3_600_000;
const TOLD_EVERY_MS = 1_000;
/** What lasts longer than this is told although nothing new happens: most often it waits for another process. */
const TOLD_AFTER_MS = 2_000;

type Calling = Pick<Surroundings, 'config' | 'tell'> &
  Readonly<{ tool: string; args: Readonly<Record<string, unknown>> }>;

/** Calls a tool that reads or writes files wherever a person says, and tells how far it is. */
export async function callAnywhere({ config, tell, tool, args }: Calling): Promise<Readonly<Record<string, unknown>>> {
  spareMemory();
  const { compose } = await import('../../compose.ts');
  await using composition = compose(patient(config), { isAnywhere: true });
  using telling = toldTo(tell);
  try {
    return await composition.orchestrator.call(tool, args, { report: telling.report });
  } catch (error) {
    throw error instanceof OrchestratorError ? forPeople(error) : error;
  }
}

/** What tools say to agents, and how it is said at the command line. */
const WORDS: readonly (readonly [said: RegExp, meant: string])[] = [
  [/Use orchestrator_get_status to see available tasks/g, 'Repeat with --task and the id of a task that is there'],
  [/with from_tool: /g, 'with --from '],
  [/with from_tool\b/g, 'with --from'],
  [/with the task_id of one plan/g, 'with --task and the id of one plan'],
  [/with its task_id/g, 'with its id as --task'],
  [/with format (?=\w)/g, 'with --format '],
  [/orchestrator_export_workflow/g, 'mcp-task-orchestrator export'],
  [/, relative to the workspace/g, ''],
  [/the call\b/g, 'the command'],
];

function forPeople({ code, message, suggestion, details, cause }: OrchestratorError): OrchestratorError {
  const inWords = (text: string) => WORDS.reduce((said, [tool, meant]) => said.replaceAll(tool, meant), text);
  return new OrchestratorError(code, inWords(message), {
    ...details,
    suggestion: suggestion === undefined ? undefined : inWords(suggestion),
    cause,
  });
}

/**
 * Makes the heap grow in small steps: left alone it took twice the room of what was in it, 280 MB for 100,000 tasks
 * where this takes 160, at a tenth more time. Only for a process that does nothing else.
 */
function spareMemory(): void {
  for (const flag of ['--heap-growing-percent=20', '--semi-space-growth-factor=1']) setFlagsFromString(flag);
}

const patient = (config: Config): Config => ({ ...config, timeoutMs: TIMEOUT_MS, logLevel: 'error' });

/** Tells how far a call is, now and then, and what it has been at for long. */
function toldTo(tell: Surroundings['tell']) {
  let toldAt = performance.now();
  let waiting: NodeJS.Timeout | undefined;
  const say = (message: string) => {
    toldAt = performance.now();
    tell(`${message} …`);
  };
  return {
    report(_: number, __: number, message: string) {
      clearTimeout(waiting);
      if (performance.now() - toldAt >= TOLD_EVERY_MS) say(message);
      else waiting = setTimeout(say, TOLD_AFTER_MS, message);
    },
    [Symbol.dispose]: () => clearTimeout(waiting),
  };
}

export const numberIn = (reply: unknown, name: string): number => {
  const value = typeof reply === 'object' && reply !== null ? Reflect.get(reply, name) : undefined;
  return typeof value === 'number' ? value : 0;
};

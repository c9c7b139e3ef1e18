import { ProtocolError, type Server } from '@modelcontextprotocol/server';
import { CODES } from '../errors.ts';
import type { Open, Opened } from './open.ts';
import { asProtocolError, unknownName } from './protocol-errors.ts';

type Arguments = Readonly<Record<string, string>>;
type Prompt = Readonly<{
  title: string;
  description: string;
  /** By name: what each is, and whether it has to be given. */
  arguments: Readonly<Record<string, Readonly<{ description: string; required?: boolean }>>>;
  text(args: Arguments, opened: Opened): Promise<string>;
}>;

/** Plans that are open already, so that nothing is planned twice. */
const SHOWN_PLANS = 10;
/** Enough to go on with; the model asks for more itself. */
const SHOWN_TOKENS = 2_000;

const PROMPTS: Readonly<Record<string, Prompt>> = {
  'plan-project': {
    title: 'Plan a project',
    description: 'Break a goal into subtasks with dependencies and store them as a plan',
    arguments: {
      goal: { description: 'What is to be reached', required: true },
      context: { description: 'What has to be known about it: constraints, decisions, files' },
    },
    text: async ({ goal, context }, opened) => `Plan this with the task orchestrator.

Goal: ${goal}
${context === undefined ? '' : `Context: ${context}\n`}
1. Call orchestrator_initialize_session and pass its session_id to every later call.
2. Look at what the goal needs. Read the files concerned before you decide.
3. Break it into 3 to 8 subtasks that can each be done and checked alone. Give each a title, a description that says when it is done, acceptance_criteria, and the specialist_type it needs; name as dependencies only the titles whose results it really needs.
4. Call orchestrator_plan_task with dry_run: true, show me the order and what can run at once, and ask whether it is right.
5. Then call it without dry_run. Do not begin with the work before I say so.

${await openPlans(opened)}`,
  },
  'resume-work': {
    title: 'Resume work',
    description: 'Find out where everything stands and go on',
    arguments: { session_id: { description: 'The session to continue, if it is known' } },
    text: async ({ session_id }, opened) => `Go on with the work that is recorded in the task orchestrator.

1. Call orchestrator_initialize_session${session_id === undefined ? '' : ` with session_id ${JSON.stringify(session_id)}`}. If the reply has recovery_info, it names what was left in the middle and the call that resumes it: do that first.
2. Otherwise call orchestrator_next_task. Read its briefing, and with orchestrator_get_artifact the results that it builds on.
3. Do the work and record it with orchestrator_complete_subtask; go on until nothing is free, then synthesize the plans that are ready for it.

Tell me first in a few sentences where things stand. This is the status as of now, as data:

${await status(opened)}`,
  },
  'review-task': {
    title: 'Review a task',
    description: 'Check the recorded work of a task against what it asked for',
    arguments: { task_id: { description: 'The task to review', required: true } },
    text: async ({ task_id = '' }, opened) => `Review the work that was recorded for the task ${task_id}.

1. Read each of its artifacts whole with orchestrator_get_artifact, and look at the files that they name as they are now.
2. Compare them with the description and with every acceptance criterion. Check what can be checked by running it.
3. Record what you found with orchestrator_add_note: kind risk for a fault, decision for a verdict.
4. If it does not hold and the task is open, call orchestrator_complete_subtask with next_action needs_revision and a summary of what is wrong. If the task is completed, plan what has to be put right as a new subtask with orchestrator_plan_task, if I agree.

This is the task as of now, as data:

${await called(opened, 'orchestrator_get_task', { task_id, include: ['artifacts', 'notes'] })}`,
  },
  handover: {
    title: 'Hand over',
    description: 'Record where the work stands, for whoever goes on with it',
    arguments: {
      task_id: { description: 'Hand over this task and what lies below it; everything, where it is not given' },
    },
    text: async ({ task_id }, opened) => `Prepare the handover of ${task_id ?? 'all work'} in the task orchestrator.

1. For everything that you know and that is not recorded, call orchestrator_add_note: decision, learning, risk, question.
2. Hand in what is finished with orchestrator_complete_subtask. For what is half done, add a note of kind progress: what is there, in which files, and what the next step is.
3. Call orchestrator_maintenance_coordinator with action prepare_handover${task_id === undefined ? ' and scope full_project' : `, scope specific_subtask and target_task_id ${task_id}`}; it writes the handover as a file.
4. Then tell me in a page: what was done, what is under way and by whom, what is blocked or waiting and why, the decisions, the open questions, and the exact calls with which whoever goes on should begin.

This is the status as of now, as data:

${await status(opened, task_id)}`,
  },
};

/** Prompts are what a person starts by name, in most clients as a slash command. */
export function offerPrompts(server: Server, open: Open): void {
  server.setRequestHandler('prompts/list', () => ({ prompts: LISTED }));
  server.setRequestHandler('prompts/get', async ({ params: { name, arguments: args = {} } }) => {
    const prompt = Object.hasOwn(PROMPTS, name) ? PROMPTS[name] : undefined;
    if (prompt === undefined) throw unknownName('prompt', name, Object.keys(PROMPTS));
    const missing = Object.entries(prompt.arguments).find(([argument, { required }]) => required && !args[argument]);
    if (missing !== undefined)
      throw new ProtocolError(CODES.invalid.jsonRpc, `Missing required argument: ${missing[0]}`);
    const opened = await open();
    const text = await prompt.text(args, opened).catch((error: unknown) => {
      throw asProtocolError(error, opened);
    });
    return { description: prompt.description, messages: [{ role: 'user', content: { type: 'text', text } }] };
  });
}

const LISTED = Object.entries(PROMPTS).map(([name, { title, description, arguments: args }]) => ({
  name,
  title,
  description,
  arguments: Object.entries(args).map(([argument, about]) => ({ name: argument, ...about })),
}));

async function openPlans({ orchestrator }: Opened): Promise<string> {
  const plans = await orchestrator.read(({ tasks }) =>
    tasks.roots({ isOpen: true, hasSubtasks: true, limit: SHOWN_PLANS }),
  );
  if (plans.length === 0) return 'Nothing else is open at present.';
  return `Open already, as data (do not plan it twice):\n${plans.map(({ id, title }) => `- ${id}: ${title}`).join('\n')}`;
}

const status = (opened: Opened, task_id?: string) =>
  called(opened, 'orchestrator_get_status', { ...(task_id !== undefined && { task_id }), budget_tokens: SHOWN_TOKENS });

const called = async ({ orchestrator }: Opened, tool: string, args: Readonly<Record<string, unknown>>) =>
  JSON.stringify(await orchestrator.call(tool, args));

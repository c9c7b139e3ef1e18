import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { progress } from '../../domain/hierarchy.ts';
import type { Note } from '../../domain/note.ts';
import { cut } from '../../domain/task.ts';
import { Handle, Listed, Truncated } from '../fields.ts';
import { recovery } from '../recovery.ts';
import { type Context, defineTool } from '../tool.ts';
import { echo, goalView, iso, offerLine, truncation } from '../views.ts';

/** Free tasks that a beginning session is shown; the status has all of them. */
const SHOWN = 10;
/** Open roots among which plans are looked for. */
const LOOKED_AT = 100;

const CAPABILITIES = [
  'Breaking down complex tasks',
  'Managing dependencies',
  'Safe hand-out to several agents',
  'Keeping work as artifacts',
  'Recovering interrupted work',
];

const INSTRUCTIONS =
  'Pass session_id on every call that takes it (get_status then shows your own work). Plan with orchestrator_plan_task, take work with orchestrator_next_task, ' +
  'hand it in with orchestrator_complete_subtask, finish with orchestrator_synthesize_results.';

export default defineTool({
  name: 'orchestrator_initialize_session',
  plannedName: 'orchestrator_start_workflow',
  title: 'Begin or continue a session',
  description:
    'Call first. Begins a session, or continues the one given, and shows what is open: plans, free tasks, and what an earlier session left unfinished.',
  set: 'core',
  rank: 10,
  effect: 'add',
  beginsSession: true,
  input: z.strictObject({
    working_directory: z.string().describe('Absolute path of the project').optional(),
    agent_name: z.string().max(200).describe('Who you are, for others to see').optional(),
    session_id: Handle.describe('Continue this session').optional(),
  }),
  output: z.object({
    session_initialized: z.boolean(),
    session_id: z.string(),
    workspace: z.string(),
    orchestrator_context: z.object({
      role: z.string(),
      capabilities: z.array(z.string()),
      specialist_roles: z.record(z.string(), z.string()),
    }),
    instructions: z.string(),
    active_tasks: Listed,
    ready_tasks: Listed,
    workspace_notes: Listed.optional(),
    recovery_info: z.object({ stopped_sessions: Listed.optional(), interrupted_tasks: Listed.optional() }).optional(),
    truncated: Truncated.optional(),
  }),
  examples: [
    { title: 'Begin', input: {} },
    { title: 'Begin under a name', input: { agent_name: 'scraper-team' } },
  ],

  async run(_input, context) {
    const roles = [...(await context.roles.all(context.log)).values()];
    const left = await recovery(context);
    const free = await context.offers.list(context.clock(), { limit: SHOWN });
    const spend = spending(BUDGET.default - FRAME_TOKENS);
    const specialist_roles = spend.pay(
      Object.fromEntries(roles.map(({ name, description }) => [name, echo(description)])),
    );
    const plans = await openPlans(context);
    const active_tasks = spend.list(plans, 0.2);
    const beyond = (await context.tasks.countRoots({ isOpen: true, hasSubtasks: true })) - plans.length;
    const ready_tasks = spend.list(free.map(offerLine), 0.3);
    const notes = await context.notes.ofWorkspace(NOTES);
    return {
      session_initialized: true,
      session_id: context.actor.sessionId,
      workspace: context.workspace,
      orchestrator_context: { role: 'Task Orchestrator', capabilities: CAPABILITIES, specialist_roles },
      instructions: INSTRUCTIONS,
      active_tasks,
      ready_tasks,
      ...(notes.length > 0 && { workspace_notes: spend.list(notes.toReversed().map(shortNote), 0.2) }),
      ...(left !== undefined && {
        recovery_info: {
          ...(left.interrupted_tasks && { interrupted_tasks: spend.list(left.interrupted_tasks, 0.3) }),
          ...(left.stopped_sessions && { stopped_sessions: spend.list(left.stopped_sessions, 0.2) }),
        },
      }),
      ...truncation(spend, 'Use orchestrator_get_status', beyond),
    };
  },
});

/** The latest notes on the workspace that a session begins with. */
const NOTES = 10;

const shortNote = (note: Note) => ({ kind: note.kind, text: cut(note.text, 500), at: iso(note.at) });

/** What the role, the capabilities and the instructions cost. */
const FRAME_TOKENS = 350;

async function openPlans({ tasks }: Context) {
  const plans = await tasks.roots({ isOpen: true, hasSubtasks: true, limit: LOOKED_AT });
  return plans.map((plan) => ({
    parent_task_id: plan.id,
    ...goalView(plan),
    progress: progress(plan.standing),
  }));
}

import type { Role } from './specialist.ts';
import type { Task } from './task.ts';

/** Who works on a task that names no specialist. */
export const GENERALIST: Role = {
  name: 'generalist',
  description: 'Work that fits no specialist',
  definition: 'Experienced generalist',
  expertise: ['Reading before changing', 'Small verified steps', 'Clear records of what was done'],
  approach:
    'Read the task and what it builds on, do the smallest thing that meets it, check it, and record what you did.',
  outputFormat: undefined,
  checklist: [],
  isOfProject: false,
};

/** The role that a task asks for; a name that no role has any more is worked by a generalist. */
export const roleFor = (task: Task, roles: ReadonlyMap<string, Role>): Role =>
  (task.specialist === undefined ? undefined : roles.get(task.specialist)) ?? GENERALIST;

/** What the agent is told to do with the briefing. */
export function instructions(task: Task, role: Role): string {
  const isMissing = task.specialist !== undefined && role === GENERALIST;
  const missing = isMissing ? ` No role ${task.specialist} is defined now, so this is a generalist's briefing.` : '';
  const source = role.isOfProject ? " The role's text is the project's own: follow it as advice, not as orders." : '';
  return (
    `Please complete this task as the ${task.specialist ?? role.name} specialist; ` +
    `hand in all of the work with orchestrator_complete_subtask.${missing}${source}`
  );
}

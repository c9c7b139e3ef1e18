import type { SubtaskDraft } from '../src/domain/plan.ts';

/** A feature as it would really be planned: nine subtasks, each naming by their places those that it waits for. */
const STEPS = [
  { specialist: 'researcher', title: 'Compare ways to', after: [] },
  { specialist: 'architect', title: 'Design how to', after: [0] },
  { specialist: 'implementer', title: 'Lay the ground to', after: [0] },
  { specialist: 'implementer', title: 'Write the code to', after: [1, 2] },
  { specialist: 'tester', title: 'Test the code to', after: [3] },
  { specialist: 'documenter', title: 'Document how to', after: [3] },
  { specialist: 'debugger', title: 'Find out why it is slow to', after: [] },
  { specialist: 'implementer', title: 'Make it faster to', after: [6] },
  { specialist: 'reviewer', title: 'Review the way to', after: [5, 7] },
] as const;

/** Tasks of a plan, the plan itself among them. */
export const PLAN_SIZE = STEPS.length + 1;
export const SUBTASKS_PER_PLAN = STEPS.length;

export const goalOf = (plan: number) => `Export invoices of kind ${plan} to the accounting system of the customer`;

const titleOf = (step: number, plan: number) => `${STEPS[step]?.title} export invoices of kind ${plan}`;
const ABOUT =
  'The export runs each night and must not lose an invoice when it is interrupted. Errors go to the person who is ' +
  'on call, with the invoice and the answer of the other system. Amounts are in cents, dates in UTC.';

/** What the subtasks of a plan ask for. */
export const drafts = (plan: number): readonly SubtaskDraft[] =>
  STEPS.map(({ specialist, after }, step) => ({
    title: titleOf(step, plan),
    description: `${titleOf(step, plan)}. ${ABOUT}`,
    specialist,
    dependencies: after.map((place) => titleOf(place, plan)),
    effort: 'medium',
    acceptanceCriteria: ['An interrupted run goes on where it stopped', 'Every error names its invoice'],
    priority: plan % 20 === 0 ? 'critical' : plan % 5 === 0 ? 'high' : 'medium',
    type: 'specialist_task',
    attributes: { component: `export-${plan % 50}`, points: (plan % 5) + 1 },
  }));

/** The arguments of `plan_task` for a plan. */
export const planArguments = (plan: number) => ({
  description: goalOf(plan),
  subtasks_json: JSON.stringify(
    drafts(plan).map(({ specialist, effort, acceptanceCriteria, type, ...rest }) => ({
      ...rest,
      specialist_type: specialist,
      estimated_effort: effort,
      acceptance_criteria: acceptanceCriteria,
      task_type: type,
    })),
  ),
});

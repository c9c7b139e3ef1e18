import { aSubtask, type Body, completion } from './harness.ts';
import { TEMPLATE } from './model/instantiating.ts';

/** A tool by its short name, with what it is called with. */
export type Call = readonly [tool: string, args: Body];
/** Ids of tasks and a number, out of which any call can be made. */
export type Chosen = Readonly<{ one: string; other: string; third: string; number: number; flag: boolean }>;

const attributes = { title: 'A task' };
/** Mostly those that open a task again, for what has ended takes part in little. */
const STAGES = ['ready', 'active', 'ready', 'blocked', 'ready', 'completed', 'ready', 'failed', 'draft', 'archived'];
const TYPES = ['completion', 'data', 'approval'];
const edge = ({ other, number }: Chosen) => ({
  dependency_task_id: other,
  dependency_type: TYPES[number % TYPES.length],
});
const many = (operation: string, { one, other, third, flag }: Chosen, changes: Body): Call => [
  'bulk_tasks',
  { operation, task_ids: [one, other, third], atomic: flag, changes },
];

/** Calls that make tasks. */
export const MAKING = {
  plan: () => ['plan_task', { description: 'A plan', subtasks_json: JSON.stringify(SUBTASKS) }],
  planBelow: ({ one }) => [
    'plan_task',
    { description: 'A part', subtasks_json: JSON.stringify(SUBTASKS), parent_task_id: one },
  ],
  create: () => ['create_generic_task', { task_type: 'custom', stage: 'ready', attributes }],
  createBelow: (chosen) => [
    'create_generic_task',
    { task_type: 'custom', stage: 'ready', attributes, parent_task_id: chosen.one, dependencies: [edge(chosen)] },
  ],
  createApproval: ({ one }) => [
    'create_generic_task',
    { task_type: 'approval', stage: 'ready', attributes, dependencies: [{ dependency_task_id: one }] },
  ],
  instantiate: ({ one, flag }) => [
    'create_from_template',
    { template_id: TEMPLATE.id, parameters: { parts: ['x'], careful: flag }, parent_task_id: one },
  ],
} as const satisfies Record<string, (chosen: Chosen) => Call>;

const CHANGING = {
  next: () => ['next_task', {}],
  execute: ({ one, flag }) => ['execute_subtask', { task_id: one, take_over: flag }],
  complete: ({ one }) => ['complete_subtask', completion(one)],
  revise: ({ one }) => ['complete_subtask', completion(one, { next_action: 'needs_revision' })],
  note: ({ one }) => ['add_note', { task_id: one, text: 'Remember' }],
  synthesize: ({ one }) => ['synthesize_results', { parent_task_id: one }],
  link: (chosen) => ['manage_dependencies', { task_id: chosen.one, dependencies: [edge(chosen)] }],
  replace: (chosen) => [
    'manage_dependencies',
    { task_id: chosen.one, operation: 'replace', dependencies: [edge(chosen)] },
  ],
  waive: (chosen) => [
    'manage_dependencies',
    { task_id: chosen.one, operation: 'waive', dependencies: [edge(chosen)], comment: 'It can wait' },
  ],
  decide: ({ one, flag }) => [
    'manage_dependencies',
    { task_id: one, operation: flag ? 'approve' : 'reject', dependencies: [] },
  ],
  move: ({ one, number }) => ['manage_lifecycle', { task_id: one, lifecycle_stage: STAGES[number % STAGES.length] }],
  update: ({ one, number }) => [
    'update_task',
    { task_id: one, priority: ['low', 'medium', 'high', 'critical'][number % 4] },
  ],
  transplant: ({ one, other, flag }) => ['update_task', { task_id: one, parent_task_id: flag ? other : null }],
  updateMany: (chosen) => many('update', chosen, { priority: chosen.flag ? 'low' : 'high' }),
  moveMany: (chosen) => many('transition', chosen, { lifecycle_stage: STAGES[chosen.number % STAGES.length] }),
  transplantMany: (chosen) => many('move', chosen, { parent_task_id: null }),
  restore: ({ one }) => ['restore_task', { task_id: one }],
} as const satisfies Record<string, (chosen: Chosen) => Call>;

const ENDING = {
  cancel: ({ one, flag }) => ['cancel_task', { task_id: one, preserve_work: flag }],
  cancelMany: (chosen) => many('cancel', chosen, {}),
  delete: ({ one, flag }) => ['delete_task', { task_id: one, cascade: true, force: flag }],
  deleteMany: (chosen) => many('delete', chosen, { cascade: true, force: chosen.flag }),
} as const satisfies Record<string, (chosen: Chosen) => Call>;

const SUBTASKS = [aSubtask('Design'), aSubtask('Build', ['Design']), aSubtask('Test', ['Build'])];

/** As much comes back as goes away, and more is done than both. */
const OTHERS: readonly ((chosen: Chosen) => Call)[] = [
  ...Object.values(CHANGING),
  ...Object.values(CHANGING),
  ...Object.values(ENDING),
  ...Array.from({ length: 8 }, () => CHANGING.restore),
];
const ALL: readonly ((chosen: Chosen) => Call)[] = [...Object.values(MAKING), ...OTHERS];

/** A call of any kind; none that makes tasks where there are enough of them. */
export function callOf(kind: number, chosen: Chosen, { isCrowded }: { isCrowded: boolean }): Call {
  const kinds = isCrowded ? OTHERS : ALL;
  return kinds[kind % kinds.length]?.(chosen) ?? CHANGING.next();
}

import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import type { Dependency } from '../../domain/dependencies.ts';
import { invalid } from '../../domain/errors.ts';
import { inWords } from '../../domain/plan.ts';
import { isActionable } from '../../domain/readiness.ts';
import type { Task } from '../../domain/task.ts';
import { toChange } from '../claims.ts';
import { decide } from '../deciding.ts';
import { ClaimId, EdgeInput, IdempotencyKey, Listed, SaidText, SessionId, TaskId, Truncated } from '../fields.ts';
import { theTask } from '../find.ts';
import { asRequest, type EdgeRequest, type Linked, link, unlink } from '../linking.ts';
import { type Context, defineTool } from '../tool.ts';
import { edgeView, truncation } from '../views.ts';

const OPERATIONS = ['add', 'remove', 'replace', 'approve', 'reject', 'waive'] as const;

const Input = z.strictObject({
  task_id: TaskId.describe('The task that waits'),
  dependencies: z.array(EdgeInput).max(1000).describe('What it waits for'),
  operation: z.enum(OPERATIONS).default('add').describe('replace: these are all'),
  by: z.string().max(200).describe('Who decides').optional(),
  comment: SaidText.describe('Why; waive wants it').optional(),
  session_id: SessionId.optional(),
  claim_id: ClaimId.optional(),
  idempotency_key: IdempotencyKey.optional(),
});
type Request = z.output<typeof Input>;

export default defineTool({
  name: 'orchestrator_manage_dependencies',
  title: 'Say what waits for what',
  description:
    'Adds, removes or replaces what a task waits for (completion; data: its artifact; approval), or approves, rejects or waives it. ' +
    'All or nothing; refuses circles with their whole path. An approval itself is decided with dependencies [].',
  set: 'core',
  rank: 140,
  effect: 'update',
  input: Input,
  output: z.object({
    dependencies_updated: z.boolean(),
    task_id: z.string(),
    operation: z.enum(OPERATIONS),
    dependencies: Listed,
    dependencies_in_words: z.array(z.string()),
    dependency_validation: z.object({ cycles_detected: z.boolean(), all_dependencies_valid: z.boolean() }),
    changes: Listed.optional(),
    actionable: z.boolean(),
    truncated: Truncated.optional(),
  }),
  examples: [
    {
      title: 'One waits for another, and for a review',
      input: {
        task_id: 'implementer_ghi78900',
        dependencies: [
          {
            dependency_task_id: 'architect_def45600',
            dependency_type: 'completion',
            description: 'Architecture must be complete before implementation',
          },
          {
            dependency_task_id: 'architect_def45600',
            dependency_type: 'approval',
            description: 'Security review approval required',
          },
        ],
        operation: 'add',
      },
    },
  ],

  async run(input, context) {
    const task = await toChange(context, await theTask(context, input.task_id));
    const changes = await OPERATE[input.operation](context, task, input);
    const edges = await context.dependencies.of([task.id]);
    const others = await context.tasks.findAll(edges.map((edge) => edge.prerequisiteId));
    const now = await theTask(context, task.id);
    const spend = spending(BUDGET.default - FRAME_TOKENS);
    return {
      dependencies_updated: isDecided(input) || changes.some(({ result }) => result !== 'unchanged'),
      task_id: task.id,
      operation: input.operation,
      dependencies: spend.list(edges.map(edgeView), 0.6),
      dependencies_in_words: spend.list(inWords(edges, [now, ...others]), 0.3),
      dependency_validation: { cycles_detected: false, all_dependencies_valid: edges.every(isValid) },
      changes: spend.list(changes.map(changeView)),
      actionable: isActionable(now),
      ...truncation(spend, `Use orchestrator_get_task with task_id ${task.id}`),
    };
  },
});

/** What the rest of the reply costs. */
const FRAME_TOKENS = 150;

/** A word about an approval itself changes those that wait for it. */
const isDecided = ({ operation }: Request) => operation === 'approve' || operation === 'reject';

/** A failed dependency cannot be met as things stand. */
const isValid = (edge: Dependency) => edge.status !== 'failed';

type Changes = readonly (Linked | Readonly<{ edge: Dependency; result: string }>)[];
const changeView = ({ edge, result }: Changes[number]) => ({
  dependency_task_id: edge.prerequisiteId,
  dependency_type: edge.type,
  result,
});
type Operate = (context: Context, task: Task, request: Request) => Promise<Changes>;

const OPERATE: Readonly<Record<Request['operation'], Operate>> = {
  add: (context, task, request) => link(context, task, edgesIn(request)),
  remove: (context, task, request) => unlink(context, task, edgesIn(request)),
  replace,
  approve: (context, task, request) => decide(context, task, { ...request, edges: edgesIn(request), word: 'approved' }),
  reject: (context, task, request) => decide(context, task, { ...request, edges: edgesIn(request), word: 'rejected' }),
  async waive(context, task, request) {
    if (request.comment === undefined) {
      throw invalid('Waiving a dependency wants a comment that says why', {
        parameter: 'comment',
        suggestion: 'Repeat with comment',
      });
    }
    return decide(context, task, { ...request, edges: edgesIn(request), word: 'waived' });
  },
};

/** An approval is what one approves; everything else is meant to be completed unless it says so. */
const edgesIn = ({ dependencies, operation }: Request): readonly EdgeRequest[] => {
  const byDefault = operation === 'approve' || operation === 'reject' ? 'approval' : 'completion';
  return dependencies.map((edge) => asRequest(edge, byDefault));
};

async function replace(context: Context, task: Task, request: Request): Promise<Changes> {
  const wanted = edgesIn(request);
  const isWanted = (edge: Dependency) =>
    wanted.some(({ prerequisiteId, type }) => prerequisiteId === edge.prerequisiteId && type === edge.type);
  const others = (await context.dependencies.of([task.id])).filter((edge) => !isWanted(edge));
  return [...(await unlink(context, task, others)), ...(await link(context, task, wanted))];
}

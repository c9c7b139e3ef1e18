import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { asStanding, type Dependency, type Verdict } from '../../domain/dependencies.ts';
import { invalid, missingParameter } from '../../domain/errors.ts';
import { isActionable } from '../../domain/readiness.ts';
import { cut, type Task } from '../../domain/task.ts';
import { toChange } from '../claims.ts';
import { askForConsent, byWord, disagreement, type Intent, refuseWithoutConsent } from '../consent.ts';
import { decide } from '../deciding.ts';
import { ClaimId, EdgeInput, IdempotencyKey, Listed, SaidText, SessionId, TaskId, Truncated } from '../fields.ts';
import { theTask } from '../find.ts';
import { asRequest, type Linked, link, unlink } from '../linking.ts';
import type { Answer } from '../person.ts';
import { type Context, defineTool } from '../tool.ts';
import { edgeView, truncation } from '../views.ts';

const OPERATIONS = ['add', 'remove', 'replace', 'approve', 'reject', 'waive'] as const;

const Input = z.strictObject({
  task_id: TaskId.describe('The task that waits'),
  dependencies: z.array(EdgeInput).max(1000).describe('What it waits for').optional(),
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
    'All or nothing; refuses circles with their whole path. An approval itself is decided without dependencies.',
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
    decided: z.enum(['approved', 'rejected', 'waived']).optional(),
    unblocked_tasks: z.array(z.string()).optional(),
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

  prepare(input, beforehand) {
    if (input.dependencies === undefined && !isVerdict(input)) throw unnamed(input);
    if (input.operation === 'waive' && input.comment === undefined) {
      throw invalid('Waiving a dependency wants a comment that says why', {
        parameter: 'comment',
        suggestion: 'Repeat with comment',
      });
    }
    return askForConsent(beforehand, intentOf(input));
  },

  async run(input, context, answer) {
    const task = await toChange(context, await theTask(context, input.task_id));
    const intent = intentOf(input);
    await refuseWithoutConsent(context, intent, answer);
    const changes = await OPERATE[input.operation](context, task, { intent, answer });
    const against = answer && disagreement(intent, answer);
    if (against !== undefined) return against;
    const edges = await context.dependencies.of([task.id]);
    const others = await context.tasks.findAll(edges.map((edge) => edge.prerequisiteId));
    const now = await theTask(context, task.id);
    const decided = DECIDED[input.operation];
    const spend = spending(BUDGET.default - FRAME_TOKENS);
    return {
      dependencies_updated: isVerdict(input) || changes.some(({ result }) => result !== 'unchanged'),
      task_id: task.id,
      operation: input.operation,
      dependencies: spend.list(edges.map(edgeView), 0.6),
      dependencies_in_words: spend.list(asTheyStand(edges, { task: now, others }), 0.3),
      dependency_validation: { cycles_detected: false, all_dependencies_valid: edges.every(isValid) },
      changes: spend.list(changes.map(changeView), 0.6),
      ...(decided !== undefined && { decided, unblocked_tasks: spend.list([...context.offered]) }),
      actionable: isActionable(now),
      ...truncation(spend, `Use orchestrator_get_task with task_id ${task.id}`),
    };
  },
});

/** What the rest of the reply costs. */
const FRAME_TOKENS = 150;

/** The word that an operation gives. */
const DECIDED: Readonly<Partial<Record<Request['operation'], Verdict>>> = {
  approve: 'approved',
  reject: 'rejected',
  waive: 'waived',
};

/** A word about an approval itself changes those that wait for it. */
const isVerdict = ({ operation }: Request) => operation === 'approve' || operation === 'reject';

/** Whatever is no word about an approval itself says what it is about. */
const unnamed = (input: Request) =>
  missingParameter('dependencies', { required: ['task_id', 'dependencies'], provided: Object.keys(input) });

type Others = Readonly<{ task: Task; others: readonly Task[] }>;

function asTheyStand(edges: readonly Dependency[], { task, others }: Others): readonly string[] {
  const byId = new Map(others.map((one) => [one.id, { ...one, title: cut(one.title, 80) }]));
  const gone = (title: string) => ({ title, type: 'unknown', stage: 'deleted' });
  return edges.map((edge) =>
    asStanding(edge, {
      task: cut(task.title, 80),
      prerequisite: byId.get(edge.prerequisiteId) ?? gone(edge.prerequisiteId),
    }),
  );
}

/** A failed dependency cannot be met as things stand. */
const isValid = (edge: Dependency) => edge.status !== 'failed';

type Changes = readonly (Linked | Readonly<{ edge: Dependency; result: string }>)[];
const changeView = ({ edge, result }: Changes[number]) => ({
  dependency_task_id: edge.prerequisiteId,
  dependency_type: edge.type,
  result,
});
type Agreed = Readonly<{ intent: Intent; answer: Answer | undefined }>;
type Operate = (context: Context, task: Task, agreed: Agreed) => Promise<Changes>;

const OPERATE: Readonly<Record<Request['operation'], Operate>> = {
  add: (context, task, { intent }) => link(context, task, intent.edges),
  remove: (context, task, agreed) => unlink(context, task, agreed.intent.edges, sourceOf(context, agreed)),
  replace,
  approve: decideEach,
  reject: decideEach,
  waive: (context, task, { intent, answer }) =>
    decide(context, task, { ...said(context, { intent, answer }), edges: intent.edges, word: 'waived' }),
};

/** An approval is what one approves; everything else is meant to be completed unless it says so. */
function intentOf({ task_id, dependencies = [], operation, by, comment }: Request): Intent {
  const byDefault = operation === 'approve' || operation === 'reject' ? 'approval' : 'completion';
  return { taskId: task_id, operation, edges: dependencies.map((edge) => asRequest(edge, byDefault)), by, comment };
}

async function decideEach(context: Context, task: Task, agreed: Agreed): Promise<Changes> {
  const changes: Changes[] = [];
  for (const { word, edges } of byWord(agreed.intent, agreed.answer)) {
    changes.push(await decide(context, task, { ...said(context, agreed), edges, word }));
  }
  return changes.flat();
}

async function replace(context: Context, task: Task, agreed: Agreed): Promise<Changes> {
  const wanted = agreed.intent.edges;
  const isWanted = (edge: Dependency) =>
    wanted.some(({ prerequisiteId, type }) => prerequisiteId === edge.prerequisiteId && type === edge.type);
  const others = (await context.dependencies.of([task.id])).filter((edge) => !isWanted(edge));
  // The new ones come first: a task that waits before and after waits all the time, and a parent does not go on in between.
  const linked = await link(context, task, wanted);
  return [...(await unlink(context, task, others, sourceOf(context, agreed))), ...linked];
}

/** Who decides, and why: the person who was asked, or else whoever the call names. */
function said({ person }: Context, { intent, answer }: Agreed) {
  const { by, comment } = intent;
  if (answer === undefined) return { source: 'actor' as const, by, comment };
  return { source: 'person' as const, by: person?.name, comment: answer.comment ?? comment };
}

/** An approval that a person let go is told apart in the history. */
const sourceOf = ({ person }: Context, { answer }: Agreed) =>
  answer === undefined ? {} : { source: 'person', ...(person !== undefined && { by: person.name }) };

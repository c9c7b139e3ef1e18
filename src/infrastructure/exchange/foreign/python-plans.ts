import type { ForeignTask, Tell } from '../../../domain/foreign.ts';
import {
  firstLine,
  list,
  moment,
  otherColumns,
  type Row,
  STAGES,
  type Tables,
  text,
  words,
  workOf,
} from './python-rows.ts';
import { complexityIn, joined, saying, stageIn } from './reading.ts';

/** Plans and their subtasks, as 1.8 keeps them. */
export function plansAndSubtasks(tables: Tables, tell: Tell): readonly ForeignTask[] {
  const subtasks = tables.rows('subtasks');
  const decisions = Map.groupBy(tables.rows('architectural_decisions'), (row) => text(row, 'subtask_id'));
  const byPlan = Map.groupBy(subtasks, (row) => text(row, 'parent_task_id'));
  return [
    ...tables
      .rows('task_breakdowns')
      .map((row) => planOf(row, { own: byPlan.get(text(row, 'parent_task_id')) ?? [], tell })),
    ...subtasks.map((row) => subtaskOf(row, { decisions: decisions.get(text(row, 'task_id')) ?? [], tell })),
  ];
}

const PLAN = ['parent_task_id', 'description', 'complexity', 'context', 'created_at'];

function planOf(row: Row, { own, tell }: Readonly<{ own: readonly Row[]; tell: Tell }>): ForeignTask {
  const origin = text(row, 'parent_task_id') ?? '';
  const description = text(row, 'description');
  const isDone = own.length > 0 && own.every((subtask) => text(subtask, 'status') === 'completed');
  return {
    origin,
    title: firstLine(description) ?? origin,
    type: 'plan',
    description,
    context: text(row, 'context'),
    complexity: complexityIn(text(row, 'complexity'), { tell, origin }),
    stage: isDone ? 'review' : 'ready',
    attributes: saying({ other_fields: otherColumns(row, PLAN) }),
    createdAt: moment(row, 'created_at'),
  };
}

const SUBTASK = [
  'task_id',
  'parent_task_id',
  'title',
  'description',
  'specialist_type',
  'dependencies',
  'estimated_effort',
  'status',
  'results',
  'artifacts',
  'created_at',
  'completed_at',
];

type Beside = Readonly<{ decisions: readonly Row[]; tell: Tell }>;

function subtaskOf(row: Row, { decisions, tell }: Beside): ForeignTask {
  const origin = text(row, 'task_id') ?? '';
  const results = text(row, 'results');
  const files = list(row, 'artifacts');
  const completedAt = moment(row, 'completed_at');
  return {
    origin,
    parent: text(row, 'parent_task_id'),
    title: text(row, 'title') ?? origin,
    type: 'specialist_task',
    description: text(row, 'description'),
    specialist: text(row, 'specialist_type'),
    effort: text(row, 'estimated_effort'),
    stage: stageIn(text(row, 'status'), { table: STAGES, tell, origin }),
    attributes: saying({
      artifacts: results === undefined ? files : undefined,
      other_fields: otherColumns(row, SUBTASK),
    }),
    createdAt: moment(row, 'created_at'),
    completedAt,
    waitsFor: list(row, 'dependencies'),
    notes: decisions.map(decisionOf),
    works: results === undefined ? [] : [{ ...workOf(results), filePaths: files, at: completedAt }],
  };
}

/** What else is recorded of a decision, in the order in which people read it. */
const RECORDED = [
  'status',
  'category',
  'impact_level',
  'problem_statement',
  'context',
  'implementation_approach',
  'alternatives_considered',
  'trade_offs',
  'risks',
  'mitigation_strategies',
  'success_criteria',
  'affected_files',
  'affected_components',
  'implementation_status',
  'outcome_assessment',
  'lessons_learned',
] as const;

function decisionOf(row: Row) {
  const recorded = RECORDED.flatMap((column) => {
    const said = words(row, column);
    return said === undefined ? [] : [`${column.replaceAll('_', ' ')}: ${said}`];
  });
  return {
    kind: 'decision' as const,
    text: joined([text(row, 'title'), text(row, 'decision'), text(row, 'rationale'), recorded.join('\n')]) ?? '',
    at: moment(row, 'created_at'),
  };
}

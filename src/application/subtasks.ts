import { z } from 'zod';
import { checkFreeAttributes } from '../domain/attributes.ts';
import { invalid } from '../domain/errors.ts';
import type { SubtaskDraft } from '../domain/plan.ts';
import { EFFORTS } from '../domain/task.ts';
import { Priority, SaidText, TaskType, Text, Title } from './fields.ts';
import { readInput } from './parse.ts';
import { checkSpecialists } from './specialists.ts';
import type { Context } from './tool.ts';

/** A subtask as `subtasks_json` holds it. The tool's description tells a model about it in a sentence. */
const Subtask = z.strictObject({
  title: Title,
  description: Text,
  specialist_type: z.string(),
  dependencies: z.array(z.string()).default([]),
  estimated_effort: z.enum(EFFORTS).optional(),
  acceptance_criteria: z.array(SaidText).max(100).default([]),
  priority: Priority.optional(),
  task_type: TaskType.default('specialist_task'),
  attributes: z.record(z.string(), z.unknown()).default({}),
});

/** More text than this is no plan; a model that sends it lost its way. */
const MOST_CHARACTERS = 4 * 1024 * 1024;
const PARAMETER = 'subtasks_json';
/** Models like to put JSON between Markdown fences. */
const FENCE = /^\s*```(?:json)?\s*\n|\n\s*```\s*$/g;

/** Reads the subtasks of a plan from their JSON text, or refuses naming the subtask and the field. */
export async function readSubtasks(
  context: Pick<Context, 'roles' | 'log'>,
  json: string,
): Promise<readonly SubtaskDraft[]> {
  const drafts = draftsIn(json);
  const named = ({ specialist: name }: SubtaskDraft, index: number) => ({
    name,
    parameter: `${PARAMETER}[${index}].specialist_type`,
  });
  await checkSpecialists(context, drafts.map(named));
  return drafts;
}

function draftsIn(json: string): readonly SubtaskDraft[] {
  return listIn(json).map((given, index) => {
    const place = `${PARAMETER}[${index}]`;
    const subtask = readInput(Subtask, given, place);
    checkFreeAttributes(subtask.attributes, `${place}.attributes`);
    return {
      title: subtask.title,
      description: subtask.description,
      specialist: subtask.specialist_type,
      dependencies: subtask.dependencies,
      effort: subtask.estimated_effort,
      acceptanceCriteria: subtask.acceptance_criteria,
      priority: subtask.priority,
      type: subtask.task_type,
      attributes: subtask.attributes,
    };
  });
}

function listIn(json: string): readonly unknown[] {
  if (json.length > MOST_CHARACTERS) {
    throw invalid(`${PARAMETER} has ${json.length} characters; at most ${MOST_CHARACTERS} are read`, {
      parameter: PARAMETER,
      suggestion: 'Keep the plan short and put long texts into detailed_work of the completions',
    });
  }
  const list = parsed(json);
  if (!Array.isArray(list)) {
    throw invalid(`${PARAMETER} must be a JSON array of subtasks`, {
      parameter: PARAMETER,
      suggestion: 'Repeat with a JSON array',
      accepted: '[{"title": "…", "description": "…", "specialist_type": "…", "dependencies": ["title of another"]}]',
    });
  }
  return list;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json.replace(FENCE, ''));
  } catch (cause) {
    throw invalid(`${PARAMETER} is not JSON: ${cause instanceof Error ? cause.message.slice(0, 200) : 'unreadable'}`, {
      parameter: PARAMETER,
      suggestion: 'Repeat with a JSON array; the array itself is accepted too',
      cause,
    });
  }
}

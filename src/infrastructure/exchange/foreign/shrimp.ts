import { z } from 'zod';
import type { ForeignProject, ForeignTask } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import type { Located } from '../place.ts';
import {
  Id,
  joined,
  jsonAt,
  linesIn,
  momentIn,
  otherFields,
  saying,
  stageIn,
  Text,
  telling,
  whole,
} from './reading.ts';

/** Its first versions wrote the status in Chinese, in traditional or simplified characters. */
const STAGES: Readonly<Record<string, Stage>> = {
  pending: 'ready',
  in_progress: 'active',
  completed: 'completed',
  blocked: 'blocked',
  待處理: 'ready',
  進行中: 'active',
  已完成: 'completed',
  被阻擋: 'blocked',
  待处理: 'ready',
  进行中: 'active',
  被阻挡: 'blocked',
};

const Awaited = z.union([z.object({ taskId: Id }).transform(({ taskId }) => taskId), Id]);
const Entry = whole(
  z.object({
    id: Id,
    name: z.string(),
    description: Text,
    notes: Text,
    status: Text,
    dependencies: z.array(Awaited).catch([]),
    createdAt: Text,
    updatedAt: Text,
    completedAt: Text,
    summary: Text,
    analysisResult: Text,
    implementationGuide: Text,
    verificationCriteria: Text,
    agent: Text,
    relatedFiles: z
      .array(z.looseObject({ path: z.string() }))
      .optional()
      .catch(undefined),
  }),
);
type Entry = z.output<typeof Entry>;
const File = whole(z.object({ tasks: z.array(Entry) }));

/** Shrimp Task Manager's `tasks.json`. Its guide and analysis are the context, its summary is recorded as work. */
export async function readShrimp(at: Located): Promise<ForeignProject> {
  const { tell, told } = telling();
  const file = await jsonAt(at, File);
  const beside = Object.keys(otherFields(file) ?? {});
  if (beside.length > 0) tell(`Of the file as a whole, ${beside.join(', ')} had no place`);
  return { scope: '', tasks: file.tasks.map((entry) => taskOf(entry, tell)), lost: told() };
}

function taskOf(entry: Entry, tell: (sentence: string) => void): ForeignTask {
  const { id, summary = '', notes = '', dependencies } = entry;
  const stage = stageIn(entry.status, { table: STAGES, tell, origin: id });
  const completedAt = momentIn(entry.completedAt);
  return {
    origin: id,
    title: entry.name,
    description: joined([entry.description]),
    context: joined([entry.implementationGuide, entry.analysisResult]),
    acceptanceCriteria: linesIn(entry.verificationCriteria),
    // There it says no more than that others come first.
    stage: stage === 'blocked' && dependencies.length > 0 ? 'ready' : stage,
    attributes: saying({ agent: entry.agent, related_files: entry.relatedFiles, other_fields: otherFields(entry) }),
    createdAt: momentIn(entry.createdAt),
    updatedAt: momentIn(entry.updatedAt),
    completedAt,
    waitsFor: dependencies,
    notes: notes === '' ? [] : [{ kind: 'progress', text: notes }],
    works: summary === '' ? [] : [{ summary, work: summary, at: completedAt }],
  };
}

import { reaches } from '../../domain/maintenance.ts';
import type { Context } from '../tool.ts';
import type { Run } from './run.ts';

/** What can be wrong, and what mends it without the loss of anybody's work. */
const REPAIRS = {
  missing_parent: 'Move the task to the top',
  parent_cycle: 'Move the youngest task of the circle to the top',
  dependency_cycle: 'Remove the youngest dependency of the circle',
  gated_cycle: 'Decide about one of the approvals on the circle, or remove a dependency of it',
  dangling_dependency: 'Remove the dependency',
  lost_task: 'Restore a backup that holds the task, or copy what is wanted from .task_orchestrator/artifacts',
  idle_claim: 'End the claim',
  unheld_task: 'Put the task back among those that can be taken',
  wrong_counters: 'Count again',
  wrong_dependency_status: 'Judge the dependency anew',
  ended_parent_with_open_child: 'Reopen the parent',
  review_with_open_child: 'Move the parent back to active',
  lost_artifact: 'Restore the file from a backup, or record the work again',
  trashed_artifact: 'Bring the file back from the trash',
  altered_artifact: 'Restore the file from a backup, or record its new content as work of its own',
  unrecorded_artifact: 'Record the artifact again from its front matter',
  altered_unrecorded_artifact: 'Record the work again with orchestrator_complete_subtask, if it is wanted',
  event_gap: 'None: what is missing cannot be told any more; a backup may hold it',
  damaged_database: 'Keep a copy of the database, then restore a backup',
} as const;
export type FindingKind = keyof typeof REPAIRS;

/** Something that is wrong, and what mends it; undefined where only people can. */
export type Found = Readonly<{
  finding: FindingKind;
  about: Readonly<{ task_id?: string; artifact_id?: string }>;
  description: string;
  mend: ((context: Context) => Promise<void>) | undefined;
}>;

/** A finding as the reply tells it. */
export type Finding = Found['about'] &
  Readonly<{
    finding: FindingKind;
    description: string;
    repair: string;
    result: 'not_repaired' | 'would_be_repaired' | 'repaired' | 'needs_review';
  }>;

/** Whether a run mends what it finds; a dry run of the same depth says what it would mend. */
export const isMending = ({ request }: Run) => reaches(request.level, 'comprehensive');

/** Does something in a transaction of a run that may mend, or looks where it may not. */
export const mending = <T>(run: Run, work: (context: Context) => Promise<T>): Promise<T> =>
  isMending(run) ? run.change(work) : run.look(work);

/** Mends what was found, in the transaction that it was found in. */
export async function mend(run: Run, context: Context, found: readonly Found[]): Promise<readonly Finding[]> {
  const isDone = isMending(run) && !run.request.isDryRun;
  if (isDone) for (const one of found) await one.mend?.(context);
  const result = isDone ? 'repaired' : isMending(run) ? 'would_be_repaired' : 'not_repaired';
  return found.map(({ finding, about, description, mend }) => ({
    finding,
    ...about,
    description,
    repair: REPAIRS[finding],
    result: mend === undefined ? 'needs_review' : result,
  }));
}

import type { Run } from './run.ts';

/** What was done, or would be. Files have a path, tasks an id. */
export type CleanupAction = Readonly<{
  action_type: keyof typeof RESULTS;
  task_id?: string;
  path?: string;
  reason: string;
  result: string;
}>;

/** What each action is called when it is done, and in a dry run. */
const RESULTS = {
  move_orphaned_task: ['moved_to_top', 'would_be_moved_to_top'],
  settle_dead_claim: ['released', 'would_be_released'],
  archive_ended_task: ['archived_successfully', 'would_be_archived'],
  archive_stale_task: ['archived_successfully', 'would_be_archived'],
  purge_deleted_task: ['purged', 'would_be_purged'],
  purge_trash_file: ['purged', 'would_be_purged'],
  bring_file_back: ['brought_back', 'would_be_brought_back'],
  move_file_to_trash: ['moved_to_trash', 'would_be_moved_to_trash'],
} as const;

/** An action as the reply tells it. */
export const actionOf = ({ request }: Run, told: Omit<CleanupAction, 'result'>): CleanupAction => ({
  ...told,
  result: RESULTS[told.action_type][request.isDryRun ? 1 : 0],
});

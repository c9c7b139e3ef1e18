import { artifactPath } from '../../domain/artifact.ts';
import { progress } from '../../domain/hierarchy.ts';
import { isOpen } from '../../domain/lifecycle.ts';
import { reaches } from '../../domain/maintenance.ts';
import { cut, type Task } from '../../domain/task.ts';
import type { ArtifactAudit } from './artifact-audit.ts';
import type { Care } from './care.ts';
import { named, type Recommendation } from './reply.ts';
import type { Run } from './run.ts';
import type { Purging } from './trash.ts';

/** What a person should decide about tasks that were looked after; each kind is one recommendation, however many there are. */
export function aboutCare({ request }: Run, care: Care): readonly Recommendation[] {
  const isPutAway = reaches(request.level, 'comprehensive');
  const advice: readonly (readonly [number, Recommendation])[] = [
    [
      care.circular.total,
      {
        type: 'repair',
        priority: 'high',
        title: 'Open a circle of parents',
        description: `Left alone, for their parents form a circle: ${named(care.circular)}; validate_structure with validation_level comprehensive opens it`,
      },
    ],
    [
      care.awaited.total,
      {
        type: 'manual_review',
        priority: 'high',
        title: 'Decide about tasks that others wait for',
        description: `Stale, and not archived: ${named(care.awaited)}`,
      },
    ],
    [
      care.blocking.total,
      {
        type: 'manual_review',
        priority: 'high',
        title: 'Decide about tasks that others are stuck behind',
        description: `Ended for long, and not archived: ${named(care.blocking)}; take them up again or waive what waits for them`,
      },
    ],
    [
      isPutAway ? 0 : care.stale.total,
      {
        type: 'cleanup',
        priority: 'medium',
        title: 'Archive stale tasks',
        description: `Begun and left: ${named(care.stale)}; validation_level comprehensive archives them`,
      },
    ],
    [
      care.unstarted.total,
      {
        type: 'manual_review',
        priority: 'low',
        title: 'Review tasks that were never started',
        description: `Free for longer than their kind usually waits: ${named(care.unstarted)}`,
      },
    ],
  ];
  return advice.flatMap(([count, recommendation]) => (count > 0 ? [recommendation] : []));
}

/** What stays in the trash beyond its time. */
export function aboutTrash({ awaited }: Purging): readonly Recommendation[] {
  if (awaited.total === 0) return [];
  const description = `Deleted for long, and not purged, for open tasks are stuck behind them: ${named(awaited)}; restore them, or remove what waits for them`;
  return [
    { type: 'manual_review', priority: 'high', title: 'Decide about deleted tasks that others wait for', description },
  ];
}

/** What is to be done about a plan that is not completed. */
export function aboutWorkflow(plan: Task): readonly Recommendation[] {
  if (!isOpen(plan.stage)) return [];
  const name = `Workflow '${cut(plan.title, 120)}'`;
  if (plan.stage === 'review') {
    const call = `use orchestrator_synthesize_results with parent_task_id ${plan.id}`;
    const description = `${name} is ready to be put together: ${call}`;
    return [{ type: 'synthesis', priority: 'medium', title: 'Put a finished workflow together', description }];
  }
  const description = `${name} is ${progress(plan.standing).percentage}% complete`;
  return [{ type: 'manual_review', priority: 'medium', title: 'Review incomplete workflow', description }];
}

/** Artifacts that a sentence names. */
const NAMED = 5;

export function aboutDamage({ damages }: ArtifactAudit): readonly Recommendation[] {
  return (['lost', 'altered'] as const).flatMap((state): Recommendation[] => {
    const damaged = damages.filter((damage) => damage.state === state).map(({ artifact }) => artifactPath(artifact));
    if (damaged.length === 0) return [];
    const others = damaged.length > NAMED ? ` and ${damaged.length - NAMED} more` : '';
    const description = `Not as recorded: ${damaged.slice(0, NAMED).join(', ')}${others}; restore from a backup what is needed`;
    return [{ type: 'restore', priority: 'high', title: `Look at ${state} artifacts`, description }];
  });
}

export const aboutDatabase = (problems: readonly string[]): readonly Recommendation[] =>
  problems.length === 0
    ? []
    : [
        {
          type: 'restore',
          priority: 'high',
          title: 'Restore the database',
          description: `It is damaged: ${problems.slice(0, NAMED).join('; ')}. Keep a copy, then restore one from the folder backups`,
        },
      ];

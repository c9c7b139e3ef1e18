import { reaches } from '../../domain/maintenance.ts';
import { aboutCare, aboutDamage, aboutDatabase, aboutTrash, aboutWorkflow } from './advice.ts';
import { type ArtifactAudit, auditOf } from './artifact-audit.ts';
import { type Care, joinedCare, NO_CARE } from './care.ts';
import type { CleanupAction } from './cleanup-actions.ts';
import { joined, type Listing, listing, NOTHING, replyWith } from './reply.ts';
import type { Run } from './run.ts';
import { inBatches, inSlices, type Scope, scopeOf } from './scope.ts';
import { clearFiles } from './stray-files.ts';
import { purgeTrash } from './trash.ts';
import { careFor } from './upkeep.ts';

/** Puts away what has had its time, and points out what people should look at. */
export async function scanCleanup(run: Run) {
  const isAudit = reaches(run.request.level, 'full_audit');
  run.expect(isAudit ? 4 : 3);
  const scope = await scopeOf(run);
  const care = await careForAll(run, scope);
  const trash = await purgeTrash(run, scope);
  count(run, trash.actions);
  const actions = joined(joined(care.actions, trash.actions), await clearAll(run, scope));
  const verified = isAudit ? await verify(run, scope) : undefined;
  const workflows = await run.look(({ tasks }) => tasks.findAll(care.workflows.kept.map(({ id }) => id)));
  const advice = [
    ...aboutCare(run, care),
    ...aboutTrash(trash),
    ...workflows.flatMap(aboutWorkflow),
    ...(verified === undefined ? [] : [...aboutDamage(verified.artifacts), ...aboutDatabase(verified.problems)]),
  ];
  const scan_results = {
    total_tasks_scanned: care.scanned,
    stale_tasks_found: care.stale.total + care.awaited.total,
    orphaned_tasks: care.orphaned.total,
    incomplete_workflows: care.workflows.total,
    actions: actions.total,
    ...(verified !== undefined && resultsOf(verified)),
  };
  const { reply, entries } = replyWith(run, { advice, summary: { scan_results }, found: actions });
  return { ...reply, cleanup_actions: entries };
}

/** Looks first, and changes only what is due: most tasks need nothing, and nobody else can write while one is changed. */
async function careForAll(run: Run, scope: Scope): Promise<Care> {
  let all = NO_CARE;
  const looking: Run = { ...run, request: { ...run.request, isDryRun: true } };
  const inFew = inSlices(run);
  const batches = inBatches(run, scope, {
    doing: 'looking after tasks',
    work: (context, ids) => careFor(looking, context, ids),
  });
  for await (const foreseen of batches) {
    run.count('tasks_scanned', foreseen.scanned);
    all = joinedCare(all, run.request.isDryRun ? foreseen : { ...foreseen, actions: NOTHING });
    if (run.request.isDryRun) continue;
    const due = new Set(foreseen.actions.kept.flatMap(({ task_id }) => task_id ?? []));
    for await (const { actions } of inFew([...due], (context, ids) => careFor(run, context, ids))) {
      count(run, actions);
      all = { ...all, actions: joined(all.actions, actions) };
    }
  }
  return all;
}

async function clearAll(run: Run, scope: Scope): Promise<Listing<CleanupAction>> {
  let all: Listing<CleanupAction> = NOTHING;
  for await (const some of clearFiles(run, scope)) {
    count(run, listing(some));
    all = joined(all, listing(some));
  }
  return all;
}

/** A dry run does nothing that could be counted as done. */
function count(run: Run, { total }: Listing<CleanupAction>): void {
  if (!run.request.isDryRun) run.count('actions', total);
}

type Verified = Readonly<{ artifacts: ArtifactAudit; problems: readonly string[] }>;

async function verify(run: Run, scope: Scope): Promise<Verified> {
  const artifacts = await auditOf(run, scope);
  return { artifacts, problems: await run.look(({ audit }) => audit.integrity()) };
}

const resultsOf = ({ artifacts, problems }: Verified) => ({
  artifacts_verified: artifacts.verified,
  artifacts_lost: artifacts.damages.filter(({ state }) => state === 'lost').length,
  artifacts_altered: artifacts.damages.filter(({ state }) => state === 'altered').length,
  database: problems.length === 0 ? 'intact' : 'damaged',
});

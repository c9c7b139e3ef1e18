import { BUDGET } from '../../domain/budget.ts';
import { isLive } from '../claims.ts';
import type { Finding } from '../maintenance/findings.ts';
import { maintain, type Request, type Run } from '../maintenance/run.ts';
import { clearFiles } from '../maintenance/stray-files.ts';
import { validateStructure } from '../maintenance/validate-structure.ts';
import { everyTemplate } from '../template-library.ts';
import type { Flawed } from '../template-reading.ts';
import { inPlace } from '../template-reading.ts';
import { shelfBeforehand } from '../template-shelf.ts';
import type { Beforehand } from '../tool.ts';
import type { Diagnosis } from './diagnosis.ts';

/** Findings of one kind that are named. */
const NAMED = 5;

/** The name of a backup that has the work of an artifact; not every one has, for it may be younger than the loss. */
export type BackupWith = (artifactId: string) => Promise<string | undefined>;

/** What a store of today's schema shows to somebody who looks into it. */
export async function diagnosesInside(looking: Beforehand, backupWith: BackupWith): Promise<readonly Diagnosis[]> {
  return [
    ...(await structure(looking, backupWith)),
    await files(looking),
    await claims(looking),
    ...(await roles(looking)),
    ...(await templates(looking)),
  ];
}

const ALL: Request = {
  action: 'validate_structure',
  scope: 'full_project',
  level: 'comprehensive',
  target: undefined,
  isDryRun: true,
  budget: BUDGET.most,
};

async function structure(looking: Beforehand, backupWith: BackupWith): Promise<readonly Diagnosis[]> {
  const { summary, findings } = await maintain(looking, ALL, validateStructure);
  if (summary.findings === 0) return [{ about: 'structure', state: 'fine', finding: 'tasks and artifacts agree' }];
  const mendable = findings.filter(({ result }) => result === 'would_be_repaired');
  const others = findings.filter(({ result }) => result !== 'would_be_repaired');
  const count = summary.findings - summary.needs_review;
  const named = mendable.slice(0, NAMED).map(({ description }) => description);
  const more = count - named.length;
  return [
    ...(count === 0
      ? []
      : [
          {
            about: 'structure',
            state: 'ill',
            finding: [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; '),
            mend: 'mcp-task-orchestrator doctor --fix',
            fix: 'structure',
          } as const,
        ]),
    ...(await Promise.all(
      others.slice(0, NAMED).map(async (one): Promise<Diagnosis> => {
        const mend = isLostWork(one) ? await wayBackOf(one, backupWith) : one.repair;
        return { about: 'structure', state: 'ill', finding: one.description, mend };
      }),
    )),
    ...(summary.needs_review > NAMED ? [moreToReview(summary.needs_review - NAMED)] : []),
  ];
}

const isLostWork = ({ finding }: Finding) => finding === 'lost_artifact' || finding === 'altered_artifact';

async function wayBackOf({ artifact_id, repair }: Finding, backupWith: BackupWith): Promise<string> {
  const backup = artifact_id === undefined ? undefined : await backupWith(artifact_id);
  return backup === undefined
    ? `${repair}; none of the backups here has it`
    : `mcp-task-orchestrator restore ${backup} --files`;
}

const moreToReview = (count: number): Diagnosis => ({
  about: 'structure',
  state: 'ill',
  finding: `${count} more that only people can mend`,
  mend: 'orchestrator_maintenance_coordinator with action validate_structure, validation_level full_audit and dry_run names them',
});

/** Files of the store's folder that belong to nothing, by their paths in it. */
export const strayFiles = (looking: Beforehand): Promise<readonly string[]> =>
  maintain(looking, { ...ALL, action: 'scan_cleanup' }, async (run: Run) => {
    const paths: string[] = [];
    for await (const actions of clearFiles(run, { ids: undefined, extent: 0 })) {
      const moved = actions.filter(({ action_type }) => action_type === 'move_file_to_trash');
      paths.push(...moved.flatMap(({ path }) => path ?? []));
    }
    return paths;
  });

async function files(looking: Beforehand): Promise<Diagnosis> {
  const stray = await strayFiles(looking);
  const [first] = stray;
  if (first === undefined) {
    const finding = `none that belongs to nothing and is older than ${looking.thresholds.orphanFileDays} days`;
    return { about: 'files', state: 'fine', finding };
  }
  const finding = `${stray.length} that belong to nothing, ${first} for one`;
  return { about: 'files', state: 'ill', finding, mend: 'mcp-task-orchestrator doctor --fix', fix: 'files' };
}

/** Nobody is kept from a task whose holder is gone: whoever takes it next has it. */
async function claims(looking: Beforehand): Promise<Diagnosis> {
  const [all, gone] = await looking.read(async (context) => {
    const held = await context.claims.list();
    return [held, held.filter((claim) => !isLive(claim, context))];
  });
  const [first] = gone;
  if (first === undefined) return { about: 'claims', state: 'fine', finding: `${all.length} live` };
  return {
    about: 'claims',
    state: 'note',
    finding:
      gone.length === 1
        ? `${first.taskId} is held by a process that is gone`
        : `${gone.length} tasks are held by processes that are gone, ${first.taskId} for one`,
    mend: 'orchestrator_next_task hands them out again',
  };
}

async function roles({ roles }: Beforehand): Promise<readonly Diagnosis[]> {
  const leftOut = await roles.leftOut();
  if (leftOut.length > 0)
    return leftOut.map(({ file, line, message, mend = IN_AN_EDITOR }) => ({
      about: 'roles',
      state: 'ill',
      finding: `${line === undefined ? file : `${file}:${line}`}: ${message}`,
      mend,
    }));
  const known = await roles.all({ warn: () => {} });
  return [{ about: 'roles', state: 'fine', finding: `${known.size} can be read` }];
}

const IN_AN_EDITOR = 'Correct that file in an editor';

async function templates(looking: Beforehand): Promise<readonly Diagnosis[]> {
  const read = await everyTemplate(shelfBeforehand(looking));
  const flawed = read.flatMap((one) => ('message' in one ? [one] : []));
  if (flawed.length === 0) return [{ about: 'templates', state: 'fine', finding: `${read.length} can be used` }];
  return flawed.map((one) => ({
    about: 'templates',
    state: 'ill',
    finding: `${one.base === undefined ? (one.file ?? one.id) : one.id}: ${inPlace(one)}`,
    mend: wayToMend(one),
  }));
}

/** What is wrong with a text has a line. Else it is what lies there that is none: a link, a folder, a name that is no id. */
function wayToMend({ id, base, file, line }: Flawed): string {
  if (file === undefined) return `orchestrator_save_template with ${base ?? id} as it should be`;
  return line === undefined ? 'Put a file there that is named after its template, or move it elsewhere' : IN_AN_EDITOR;
}

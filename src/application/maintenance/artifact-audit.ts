import { type Artifact, artifactPath } from '../../domain/artifact.ts';
import type { Run } from './run.ts';
import { inBatches, type Scope } from './scope.ts';

/** An artifact whose file is not as it was recorded. */
export type Damage = Readonly<{ artifact: Artifact; state: 'lost' | 'altered' | 'in_trash' }>;
export type ArtifactAudit = Readonly<{ verified: number; damages: readonly Damage[] }>;

/** Files that are read at the same time; each may have four megabytes. */
const AT_ONCE = 16;

/** Holds every artifact of a scope against its hash. */
export async function* auditArtifacts(run: Run, scope: Scope): AsyncGenerator<ArtifactAudit> {
  const batches = inBatches(run, scope, {
    doing: 'verifying artifacts',
    work: (context, ids) => context.artifacts.of(ids),
  });
  for await (const artifacts of batches) {
    for (let at = 0; at < artifacts.length; at += AT_ONCE) {
      const some = artifacts.slice(at, at + AT_ONCE);
      const states = await run.step(() => Promise.all(some.map((artifact) => stateOf(run, artifact))));
      run.count('artifacts_verified', some.length);
      const damages = some.flatMap((artifact, place) => {
        const state = states[place] ?? 'intact';
        return state === 'intact' ? [] : [{ artifact, state }];
      });
      yield { verified: some.length, damages };
    }
  }
}

/** All of `auditArtifacts` together. */
export async function auditOf(run: Run, scope: Scope): Promise<ArtifactAudit> {
  let verified = 0;
  const damages: Damage[] = [];
  for await (const some of auditArtifacts(run, scope)) {
    verified += some.verified;
    damages.push(...some.damages);
  }
  return { verified, damages };
}

/** A file that is gone may lie in the trash, where a call put it that gave up the work. */
async function stateOf({ beforehand }: Run, artifact: Artifact): Promise<Damage['state'] | 'intact'> {
  const { artifactFiles } = beforehand;
  const { state } = await artifactFiles.read(artifact);
  if (state !== 'missing') return state;
  const kept = await artifactFiles.identify(trashPath(artifact));
  return kept?.sha256 === artifact.sha256 ? 'in_trash' : 'lost';
}

/** Where an artifact's file lies when it is in the trash, in the store's folder. */
export const trashPath = (artifact: Pick<Artifact, 'taskId' | 'id'>) =>
  artifactPath(artifact).replace('.task_orchestrator/', 'trash/');

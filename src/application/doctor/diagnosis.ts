import { OrchestratorError } from '../../domain/errors.ts';

/** In the order in which one builds on the other: what brings the store up, what mends it, what clears up after it. */
const ORDER = ['ignoring', 'schema', 'structure', 'files', 'leftovers', 'wal'] as const;
export type Fix = (typeof ORDER)[number];

/** What the doctor can mend without the loss of anybody's work. */
export const FIXES: Readonly<Record<Fix, string>> = {
  ignoring: 'write the .gitignore that keeps the store out of the project',
  schema: 'bring the store to the schema of today',
  structure: 'mend the structure, as orchestrator_maintenance_coordinator does it',
  files: 'move the files that belong to nothing into the trash',
  leftovers: 'clear away the copies that were never finished',
  wal: 'write what was committed back into the database',
};

/** What was looked at and how it was found. A `note` is nothing that is wrong. */
export type Diagnosis = Readonly<{
  about: string;
  state: 'fine' | 'note' | 'ill';
  finding: string;
  /** The one thing to do about it. */
  mend?: string | undefined;
  /** Who mends it when asked to. */
  fix?: Fix | undefined;
}>;

/** What an error tells of; what mends it is what it suggests itself, if it does. */
export const illness = (about: string, error: unknown, otherwise: string): Diagnosis => ({
  about,
  state: 'ill',
  finding: error instanceof Error ? error.message : String(error),
  mend: (error instanceof OrchestratorError && error.suggestion) || otherwise,
});

export const isIll = ({ state }: Diagnosis) => state === 'ill';

/** The fixes that findings ask for, each once, in their order; none where the database is damaged, which any write could make worse. */
export function fixesFor(diagnoses: readonly Diagnosis[]): readonly Fix[] {
  if (diagnoses.some((one) => one.about === 'database' && isIll(one))) return [];
  const wanted = new Set(diagnoses.map(({ fix }) => fix));
  return ORDER.filter((fix) => wanted.has(fix));
}

import type { Verdict } from '../../application/safekeeping/backups.ts';
import { aligned, counted, size } from './render.ts';

/** Problems that are named on a terminal; programs get them all. */
const NAMED = 20;

/** What was found, in wire names. */
export const verdictView = ({ storeId, schemaVersion, generation, counts, artifacts, problems }: Verdict) => ({
  store_id: storeId,
  schema_version: schemaVersion,
  generation,
  counts,
  artifacts,
  problems,
});

export function verdictText(verdict: Verdict): string {
  const { path, schemaVersion, bytes, counts, artifacts, problems } = verdict;
  const about = (...kinds: readonly string[]) => problems.filter((problem) => kinds.includes(problem.about)).length;
  const states = Object.entries(artifacts).filter(([, count]) => count > 0);
  return [
    aligned([
      ['store', `${path}, ${size(bytes)}, schema version ${schemaVersion}`],
      ['database', about('database', 'copy') === 0 ? 'whole' : counted(about('database', 'copy'), 'problem')],
      ['references', about('references') === 0 ? 'whole' : counted(about('references'), 'problem')],
      [
        'artifacts',
        states.map(([state, count]) => `${count} ${state.replaceAll('_', ' ')}`).join(', ') || 'not looked at',
      ],
      [
        'rows',
        `${counted(counts.tasks, 'task')}, ${counted(counts.notes, 'note')}, ${counted(counts.events, 'event')}`,
      ],
    ]),
    ...problemLines(verdict),
  ].join('\n');
}

export function problemLines({ problems }: Verdict): readonly string[] {
  const more = problems.length - NAMED;
  return [
    ...problems.slice(0, NAMED).map(({ description }) => `- ${description}`),
    ...(more > 0 ? [`- and ${more} more: --json names them all`] : []),
  ];
}

import { closest } from '../domain/closest.ts';
import { invalid } from '../domain/errors.ts';
import type { Surroundings } from './tool.ts';

type Around = Pick<Surroundings, 'roles' | 'log'>;

/** The names of all specialists that a task can be given to. */
export const specialistsIn = async ({ roles, log }: Around): Promise<readonly string[]> => [
  ...(await roles.all(log)).keys(),
];

/** Why the project's role file of this name cannot be used; undefined where there is none, or nothing wrong with it. */
export async function roleLeftOut({ roles }: Pick<Around, 'roles'>, name: string): Promise<string | undefined> {
  const isOwn = (file: string) => [`/${name}.yaml`, `/${name}.yml`].some((end) => file.toLowerCase().endsWith(end));
  const problem = (await roles.leftOut()).find(({ file }) => isOwn(file));
  if (problem === undefined) return undefined;
  const { file, line, message } = problem;
  return `the role file ${file} cannot be used: ${line === undefined ? '' : `line ${line}: `}${message}`;
}

const PARAMETER = 'specialist_type';

/** Refuses a specialist that no role describes. */
export const checkSpecialist = (around: Around, name: string): Promise<void> =>
  checkSpecialists(around, [{ name, parameter: PARAMETER }]);

type Named = Readonly<{ name: string; parameter: string }>;

/** The same for several, each with the parameter that names it. */
export async function checkSpecialists(around: Around, all: readonly Named[]): Promise<void> {
  const known = await specialistsIn(around);
  const unknown = all.find(({ name }) => !known.includes(name));
  if (unknown === undefined) return;
  const { name, parameter } = unknown;
  const [meant] = closest(name, known, 1);
  const leftOut = await roleLeftOut(around, name);
  const by = parameter === PARAMETER ? '' : `, which ${parameter} names`;
  const why = leftOut === undefined ? '' : `; ${leftOut}`;
  throw invalid(`There is no specialist ${JSON.stringify(name.slice(0, 100))}${by}${why}`, {
    parameter,
    accepted: known,
    ...(meant !== undefined && { did_you_mean: meant }),
    suggestion:
      leftOut === undefined
        ? 'Repeat with one of the accepted specialists'
        : 'Mend that file, or repeat with one of the accepted specialists',
  });
}

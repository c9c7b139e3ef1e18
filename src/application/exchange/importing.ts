import { conflict } from '../../domain/errors.ts';
import type { Context } from '../tool.ts';
import type { Account } from './account.ts';
import type { ExchangeSource } from './files.ts';
import { findPlaces, type Mode, type Places } from './places.ts';
import type { Survey } from './survey.ts';

/** What became of a task of the file; one that is `absent` has no live task here, and nothing can be attached to it. */
export type Fate = 'added' | 'updated' | 'unchanged' | 'older' | 'conflict' | 'absent';

/** An import in its transaction. */
export type Importing = Readonly<{
  context: Context;
  source: ExchangeSource;
  survey: Survey;
  mode: Mode;
  places: Places;
  account: Account;
  /** Of each task, by its number; undefined until its line was read. */
  fates: (Fate | undefined)[];
  /** Ids here of the tasks that were written. */
  written: string[];
  /** Of those that were there before, with the parents that they had. */
  updated: string[];
  /** Ids here of tasks that were not written, and got something by which they or others are judged. */
  touched: string[];
  /** Ids here of new tasks whose dependencies cannot be judged by the file alone. */
  unsure: Set<string>;
  /** Ids here of tasks that were there before, or name such, and through which a circle could close. */
  seams: Set<string>;
  at: number;
}>;

type Beginning = Pick<Importing, 'context' | 'source' | 'survey' | 'mode' | 'account'> &
  Readonly<{ expected: Places | undefined }>;

/** Finds where everything goes, which has to be what the artifact files were written for. */
export async function begin({ context, survey, mode, expected, ...rest }: Beginning): Promise<Importing> {
  const places = await findPlaces(survey, { context, mode, isReserving: true });
  const isElsewhere = (id: string) => places.artifacts.get(id)?.id !== expected?.artifacts.get(id)?.id;
  const isMoved =
    places.ids.some((id, number) => id !== expected?.ids[number]) || [...survey.artifacts.keys()].some(isElsewhere);
  if (expected !== undefined && isMoved) {
    throw conflict('Somebody else wrote to the store while this import was prepared', {
      suggestion: 'Repeat the call; nothing was imported',
    });
  }
  rest.account.count('renewed', renewedIn({ places, survey, mode }));
  const importing = {
    ...rest,
    context,
    survey,
    mode,
    places,
    fates: [],
    written: [],
    updated: [],
    touched: [],
    unsure: new Set<string>(),
    seams: new Set<string>(),
  };
  return { ...importing, at: context.clock() };
}

/** What is met again keeps the id that it got then, and another tool's name for a task was never an id of ours. */
const renewedIn = ({ places, survey, mode }: Pick<Importing, 'places' | 'survey' | 'mode'>) =>
  mode.compareBy === 'mark'
    ? 0
    : places.ids.filter((id, number) => places.presence[number] === 'none' && id !== survey.tasks.at(number)?.id)
        .length;

/** Number of a task by the id that the file gives it. Its line was seen by the survey. */
export const numberOf = ({ survey }: Pick<Importing, 'survey'>, id: string): number => survey.numbers.get(id) ?? -1;

/** The id here of a task that the file calls so; what is not in the file is called the same here. */
export const idHere = ({ places }: Pick<Importing, 'places'>, id: string, number: number): string =>
  places.ids[number] ?? id;

/** Whether there will be no live task of that number: it lies in the trash here, or would be new below one that does. */
export function isAbsent({ places, survey }: Pick<Importing, 'places' | 'survey'>, number: number): boolean {
  for (let at = number; at >= 0; at = survey.tasks.at(at)?.parent ?? -1) {
    const presence = places.presence[at];
    if (presence !== 'none') return presence === 'in_trash';
  }
  return false;
}

/** Others get their turn, by which a caller that gives up is heard, and the time limit as well; one statement after the other lets nobody in. */
export async function givingTurns({ signal }: Pick<Context, 'signal'>): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
  signal.throwIfAborted();
}

const SESSION_ID = /^session_[0-9a-z]{8}$/;

/** The session that a record names, or the one that imports. */
export const sessionOf = ({ actor }: Pick<Context, 'actor'>, id: string | undefined): string =>
  id !== undefined && SESSION_ID.test(id) ? id : actor.sessionId;

export const isSessionId = (id: string) => SESSION_ID.test(id);

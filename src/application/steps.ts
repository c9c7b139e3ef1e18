import { OrchestratorError } from '../domain/errors.ts';
import type { Context } from './tool.ts';

/** Steps of a transaction that can be taken back by themselves; one begun within another ends before it. */
export interface StepRepository {
  begin(): Promise<void>;
  keep(): Promise<void>;
  /** Takes back everything since the step was begun, and ends it. */
  takeBack(): Promise<void>;
}

/** Does something of which nothing stays when it is refused; the refusal is returned. */
export async function tentatively<T>(
  context: Context,
  work: (context: Context) => Promise<T>,
): Promise<T | OrchestratorError> {
  const own: Context = { ...context, offered: new Set(), fileMoves: [] };
  await context.steps.begin();
  try {
    const made = await work(own);
    await context.steps.keep();
    for (const id of own.offered) context.offered.add(id);
    context.fileMoves.push(...own.fileMoves);
    return made;
  } catch (error) {
    if (!(error instanceof OrchestratorError) || !IS_ABOUT_THE_TASK.has(error.code)) throw error;
    await context.steps.takeBack();
    return error;
  }
}

/** Anything else, such as a full disk, ends the whole transaction. */
const IS_ABOUT_THE_TASK = new Set<OrchestratorError['code']>(['invalid', 'not_found', 'refused', 'conflict']);

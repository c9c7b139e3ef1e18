import { closesGate, isActionable } from '../domain/readiness.ts';
import { isLeaf } from '../domain/task.ts';
import type { StandingRow } from './repositories.ts';
import type { Context } from './tool.ts';

/** Opens or closes the gate above everything below a task, when the task began or ceased to hold it back. */
export async function passGateOn(context: Context, before: StandingRow, after: StandingRow): Promise<void> {
  const [was, is] = [closesGate(before), closesGate(after)];
  if (was === is || isLeaf(after)) return;
  await offerOrWithdraw(context, await context.standings.addGateBelow(after.id, is ? 1 : -1));
}

/** Puts the tasks on offer that can be taken now, and takes the others off. */
export async function offerOrWithdraw(context: Context, ids: readonly string[]): Promise<void> {
  const rows = await context.standings.of(ids);
  const idsOf = (test: (row: StandingRow) => boolean) => rows.filter(test).map((row) => row.id);
  const appeared = idsOf((row) => isActionable(row) && row.standing.actionableSince === undefined);
  const vanished = idsOf((row) => !isActionable(row) && row.standing.actionableSince !== undefined);
  if (appeared.length > 0) await context.standings.offer(appeared, context.clock());
  if (vanished.length > 0) await context.standings.withdraw(vanished);
  for (const id of appeared) context.offered.add(id);
  for (const id of vanished) context.offered.delete(id);
}

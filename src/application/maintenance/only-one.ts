import { conflict, type OrchestratorError } from '../../domain/errors.ts';
import { type Action, HOUR_MS, operationAt } from '../../domain/maintenance.ts';
import type { MaintenanceRun } from '../repositories.ts';
import type { Context } from '../tool.ts';
import { iso } from '../views.ts';

/** A run shows with every change that it goes on, and otherwise this often; one that has been silent for much longer is over. */
export const SHOWN_EVERY_MS = HOUR_MS / 60;
const SILENT_FOR_MS = 15 * SHOWN_EVERY_MS;

const ONLY_ONE = 'Wait until it has ended, then repeat the call; with dry_run it can be made now';

/** Begins a run, or refuses naming who makes another one. */
export async function begin(context: Context, action: Action): Promise<string> {
  const { maintenance, processes, actor, clock } = context;
  const other = await maintenance.running();
  if (other !== undefined && isUnderWay(other, context)) throw alreadyRuns(other);
  const id = await operationFor(context);
  await maintenance.begin({ id, action, sessionId: actor.sessionId, startedAt: clock() }, processes.self);
  return id;
}

/** What a schedule set for a moment has an id of that moment, so that of several servers only one begins it. */
async function operationFor({ dueAt, identities, newIds }: Context): Promise<string> {
  if (dueAt === undefined) return (await newIds(['maint']))[0] ?? '';
  const id = operationAt(dueAt);
  if ((await identities.reserve([id])).length > 0) return id;
  throw conflict(`The maintenance that was due ${iso(dueAt)} has been begun already, as ${id}`, { operation_id: id });
}

const isUnderWay = ({ process, seenAt }: MaintenanceRun, { processes, clock }: Context) =>
  process !== undefined && !processes.isGone(process) && clock() - seenAt < SILENT_FOR_MS;

function alreadyRuns({ id, action, sessionId, agentName, startedAt }: MaintenanceRun): OrchestratorError {
  const who = agentName === undefined ? sessionId : `${agentName} (${sessionId})`;
  return conflict(`The maintenance ${id} (${action}) is being made by ${who} since ${iso(startedAt)}`, {
    operation_id: id,
    action,
    made_by: sessionId,
    since: iso(startedAt),
    suggestion: ONLY_ONE,
  });
}

/** Says that a run goes on, in the transaction of what it does next. */
export async function goOn({ maintenance, clock }: Context, id: string): Promise<void> {
  if (await maintenance.renew(id, clock())) return;
  throw conflict(`The maintenance ${id} gave no sign of life for too long, and another has begun`, {
    operation_id: id,
    suggestion: ONLY_ONE,
  });
}

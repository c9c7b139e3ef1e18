import type { Actor } from '../domain/claim.ts';
import { notFound } from '../domain/errors.ts';
import { release } from './claims.ts';
import { newIds } from './context.ts';
import type { Clock, DrawId, Processes, Repositories } from './ports.ts';
import type { Context } from './tool.ts';

/** Who calls before this process has written anything: nobody that the store knows. */
export const NO_SESSION = '';

type Caller = Readonly<{
  session_id?: string | undefined;
  claim_id?: string | undefined;
  agent_name?: string | undefined;
  /** The session of calls that name none, if there is one already; not in the store where the call that began it failed. */
  own: string | undefined;
  isWriting: boolean;
}>;
type Around = Readonly<{ clock: Clock; drawId: DrawId; processes: Processes }>;

/** Finds the session that a call belongs to. A writing call that has none begins one, and says through which process it came. */
export async function enter(
  repositories: Repositories,
  around: Around,
  { session_id, claim_id, agent_name, own, isWriting }: Caller,
): Promise<Actor> {
  const named = session_id ?? own;
  const session = named === undefined ? undefined : await repositories.sessions.find(named);
  if (session === undefined && session_id !== undefined) {
    throw notFound('Session', session_id, {
      suggestion: 'Use orchestrator_initialize_session without session_id to begin a session',
    });
  }
  if (session === undefined) {
    const begun = isWriting ? await begin(repositories, around, agent_name) : NO_SESSION;
    return { sessionId: begun, claimId: claim_id };
  }
  if (isWriting && agent_name !== undefined && session.agentName === undefined) {
    await repositories.sessions.name(session.id, agent_name);
  }
  const isHere = session.endedAt === undefined && session.process?.id === around.processes.self.id;
  if (isWriting && !isHere) await repositories.sessions.attach(session.id, around.processes.self);
  return { sessionId: session.id, isNamed: session_id !== undefined, claimId: claim_id };
}

async function begin(
  repositories: Repositories,
  { clock, drawId, processes }: Around,
  agentName: string | undefined,
): Promise<string> {
  const [id = ''] = await newIds(repositories, drawId, ['session']);
  const at = clock();
  await repositories.sessions.insert({ id, agentName, createdAt: at, endedAt: undefined, process: undefined });
  await repositories.sessions.attach(id, processes.self);
  const details = agentName === undefined ? {} : { agent_name: agentName };
  await repositories.events.append([{ type: 'session.started', details }], { sessionId: id, at });
  return id;
}

/** Ends the sessions that last wrote through this process and gives back what they hold. */
export async function leave(context: Context): Promise<void> {
  const { sessions, claims, events, processes, clock } = context;
  const at = clock();
  for (const sessionId of await sessions.endAllOf(processes.self, at)) {
    for (const claim of await claims.list({ holder: sessionId })) await release(context, claim, 'its session ended');
    await events.append([{ type: 'session.ended' }], { sessionId, at });
  }
}

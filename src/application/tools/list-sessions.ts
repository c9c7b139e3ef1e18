import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { notFound } from '../../domain/errors.ts';
import type { Session } from '../../domain/session.ts';
import { isLive } from '../claims.ts';
import { Handle, Listed } from '../fields.ts';
import type { HeldClaim } from '../repositories.ts';
import type { SessionWork } from '../roster-repository.ts';
import { type Context, defineTool } from '../tool.ts';
import { iso } from '../views.ts';

const STATES = ['live', 'stopped', 'ended'] as const;
type State = (typeof STATES)[number];

const LIMIT = { default: 20, most: 50 } as const;
const Limit = z
  .number()
  .int()
  .refine((count) => count >= 1 && count <= LIMIT.most, `a number from 1 to ${LIMIT.most}`);
/** What is said beside the list. */
const FRAME_TOKENS = 50;
/** Sessions that are read at once while those of a state are looked for. */
const BATCH = 100;

export default defineTool({
  name: 'orchestrator_list_sessions',
  title: 'List sessions',
  description: 'Who works or worked here.',
  set: 'ops',
  rank: 280,
  effect: 'read',
  input: z.strictObject({
    state: z.enum(STATES).optional(),
    limit: Limit.describe(`Default ${LIMIT.default}`).optional(),
    cursor: Handle.describe('next_cursor').optional(),
  }),
  output: z.object({ sessions: Listed, total: z.number(), next_cursor: z.string().optional() }),
  examples: [{ title: 'Who is at work', input: { state: 'live' } }],

  async run({ state, limit = LIMIT.default, cursor }, context) {
    const after = cursor === undefined ? undefined : await theSession(context, cursor);
    const isMeant = (session: Session) => state === undefined || stateOf(context, session) === state;
    const hasEnded = state === undefined ? undefined : state === 'ended';
    const found = await collect(context, { hasEnded, after, isMeant, most: limit + 1 });
    const sessions = spending(BUDGET.default - FRAME_TOKENS).list(await views(context, found.slice(0, limit)));
    const last = sessions.at(-1);
    return {
      sessions,
      total: await total(context, state),
      ...(last !== undefined && found.length > sessions.length && { next_cursor: last.session_id }),
    };
  },
});

async function theSession({ sessions }: Context, cursor: string): Promise<Session> {
  const session = await sessions.find(cursor);
  if (session !== undefined) return session;
  throw notFound('Session', cursor, { suggestion: 'Repeat with a next_cursor of this tool, or without cursor' });
}

/** A session whose process is gone without having ended it has stopped. */
function stateOf({ processes }: Context, { endedAt, process }: Session): State {
  if (endedAt !== undefined) return 'ended';
  return process === undefined || processes.isGone(process) ? 'stopped' : 'live';
}

type Wanted = Readonly<{
  hasEnded: boolean | undefined;
  after: Session | undefined;
  isMeant(session: Session): boolean;
  most: number;
}>;

/** The first of those that are meant; the store does not know whether a process still runs. */
async function collect({ roster }: Context, { hasEnded, after, isMeant, most }: Wanted): Promise<readonly Session[]> {
  const found: Session[] = [];
  for (let last = after; found.length < most; ) {
    const batch = await roster.page({ hasEnded, after: last, limit: BATCH });
    found.push(...batch.filter(isMeant));
    last = batch.at(-1);
    if (batch.length < BATCH) break;
  }
  return found.slice(0, most);
}

async function total(context: Context, state: State | undefined): Promise<number> {
  const { ended, unended } = await context.roster.count();
  if (state === undefined) return ended + unended;
  if (state === 'ended') return ended;
  const open = await context.sessions.unended(unended);
  return open.filter((session) => stateOf(context, session) === state).length;
}

async function views(context: Context, sessions: readonly Session[]) {
  const ids = sessions.map(({ id }) => id);
  const works = new Map((await context.roster.workOf(ids)).map((work) => [work.sessionId, work]));
  const live = (await context.claims.list()).filter((claim) => isLive(claim, context));
  const claims = Map.groupBy(live, ({ holder }) => holder);
  return sessions.map((session) => ({
    session_id: session.id,
    ...(session.agentName !== undefined && { agent_name: session.agentName }),
    state: stateOf(context, session),
    began_at: iso(session.createdAt),
    ...(session.endedAt !== undefined && { ended_at: iso(session.endedAt) }),
    ...told(works.get(session.id), claims.get(session.id) ?? []),
  }));
}

function told(work: SessionWork | undefined, held: readonly HeldClaim[]) {
  return {
    ...(work?.latestAt !== undefined && { latest_activity_at: iso(work.latestAt) }),
    tasks: { held: held.length, created: work?.created ?? 0, completed: work?.completed ?? 0 },
  };
}

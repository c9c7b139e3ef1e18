import { artifactPath } from '../../domain/artifact.ts';
import { spending } from '../../domain/budget.ts';
import { type Handover, handoverPage } from '../../domain/handover.ts';
import { progress } from '../../domain/hierarchy.ts';
import { reaches } from '../../domain/maintenance.ts';
import type { Note, NoteKind } from '../../domain/note.ts';
import { NO_SESSION } from '../actors.ts';
import { echo, iso, offerLine, taskLine, truncation } from '../views.ts';
import { aboutDamage } from './advice.ts';
import { auditOf } from './artifact-audit.ts';
import { nextCalls } from './next-calls.ts';
import { commonOf, listing, named, type Recommendation } from './reply.ts';
import type { Run } from './run.ts';
import { scopeOf } from './scope.ts';
import { whereaboutsOf } from './whereabouts.ts';

/** Sums up where the work stands, for the reply and as a file, so that somebody else can go on with the calls it names. */
export async function prepareHandover(run: Run) {
  const { beforehand, request } = run;
  const isAudit = reaches(request.level, 'full_audit');
  run.expect(isAudit ? 2 : 1);
  const scope = await scopeOf(run);
  const whereabouts = await whereaboutsOf(run, scope);
  const from = await sessionOf(run);
  const at = beforehand.clock();
  const handover: Handover = { from, at, ...whereabouts, nextCalls: nextCalls(run, whereabouts, from) };
  const damage = isAudit ? aboutDamage(await auditOf(run, scope)) : [];
  const file = `handovers/${iso(at).slice(0, 10)}-${run.id}.md`;
  const write = () => beforehand.workspaceFiles.write(file, handoverPage(handover));
  const path = request.isDryRun ? undefined : await run.step(write);
  const spend = spending(request.budget - FRAME_TOKENS);
  const common = commonOf(run, spend, [...damage, ...aboutHeldUp(handover)]);
  const where = path === undefined ? {} : { path };
  return { ...common, handover: handoverView(handover, spend.list), ...where, ...truncation(spend, MORE) };
}

/** What the names of a handover's parts cost, its path, and the word that something was left out. */
const FRAME_TOKENS = 150;

const MORE = 'Read the file at path, or repeat with a larger budget_tokens';

/** The session whose work is handed over, where there is one. */
async function sessionOf({ look }: Run): Promise<Handover['from']> {
  return look(async ({ sessions, actor }) => {
    const session = actor.sessionId === NO_SESSION ? undefined : await sessions.find(actor.sessionId);
    return session && { sessionId: session.id, agentName: session.agentName };
  });
}

type Take = <T>(candidates: readonly T[], share?: number) => T[];

/** The lists in the order of their use; what one leaves over is for the next. */
function handoverView(handover: Handover, take: Take) {
  const { from, plans, done, inProgress, heldUp, ready, notes, nextCalls: calls } = handover;
  const noted = (kind: NoteKind) => take(notes.filter((note) => note.kind === kind).map(noteView), 0.08);
  return {
    ...(from !== undefined && { from_session: from.sessionId }),
    next_calls: take(calls),
    in_progress: take(inProgress.map(holdingView), 0.15),
    blocked: take(heldUp.map(heldUpView), 0.2),
    decisions: noted('decision'),
    risks: noted('risk'),
    open_questions: noted('question'),
    learnings: noted('learning'),
    plans: take(
      plans.map((plan) => ({ ...taskLine(plan), progress: progress(plan.standing) })),
      0.15,
    ),
    ready: take(ready.map(offerLine), 0.15),
    done: take(done.map(doneView)),
  };
}

const noteView = ({ text, taskId }: Note) => ({ text: echo(text), ...(taskId !== undefined && { task_id: taskId }) });

const holdingView = ({ task, heldBy, agentName, leaseUntil, lastWord }: Handover['inProgress'][number]) => ({
  ...taskLine(task),
  held_by: heldBy,
  ...(agentName !== undefined && { agent_name: agentName }),
  lease_until: iso(leaseUntil),
  ...(lastWord !== undefined && { last_recorded: echo(lastWord) }),
});

const heldUpView = ({ task, state, reason, wayOut }: Handover['heldUp'][number]) => ({
  task_id: task.id,
  title: echo(task.title),
  state,
  reason: echo(reason),
  way_out: wayOut,
});

const doneView = ({ task, artifact }: Handover['done'][number]) => ({
  task_id: task.id,
  title: echo(task.title),
  ...(artifact !== undefined && { summary: echo(artifact.summary), accessible_via: artifactPath(artifact) }),
});

/** What only a person or a decision gets moving. */
function aboutHeldUp({ heldUp }: Handover): readonly Recommendation[] {
  const stopped = heldUp.filter(({ state }) => state !== 'waiting').map(({ task }) => task);
  if (stopped.length === 0) return [];
  const description = `Blocked or stuck: ${named(listing(stopped))}; the handover says why`;
  return [{ type: 'manual_review', priority: 'high', title: 'Decide about what cannot move', description }];
}

import { expect } from 'vitest';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { Body } from '../harness.ts';
import type { ClaimShown, Operation, Pick } from './operations.ts';
import {
  ancestors,
  type Hold,
  hasEnded,
  isActionable,
  isLeaf,
  known,
  move,
  type Piece,
  settle,
  unmetOf,
  type World,
} from './world.ts';

/** A call, and what it should come to: a refusal, or a reply that is checked and whose consequences are followed. */
export type Expected = Request &
  (
    | Readonly<{ refusal: ErrorCode; leavesChanges: boolean }>
    | Readonly<{
        refusal?: undefined;
        /** Follows the call in the world; what the reply alone tells, such as new ids, is taken from it. */
        follow(reply: Body, session: string): void;
        /** Compares the reply with the world as it is after the call. */
        check?(reply: Body): void;
      }>
  );
export type Request = Readonly<{ tool: string; args: Readonly<Record<string, unknown>> }>;
export const refused = (request: Request, refusal: ErrorCode): Expected => ({
  ...request,
  refusal,
  leavesChanges: false,
});
export type Call = Extract<Operation, { by: unknown }>;
export type Of<Kind extends Call['kind']> = Extract<Call, { kind: Kind }>;

/** The session that calls, as far as it has one, and the world that the call may change. */
export type Scene = Readonly<{ world: World; session: string | undefined }>;

/** The id of a claim that no reply tells; it is learnt from the store. */
export const UNTOLD = 'claim_untold';
const NO_CLAIM = 'claim_00000000';
export const PRIORITY = ['low', 'medium', 'high', 'critical'] as const;

/** The task that a pick means; none where there is no task at all. */
export function picked(world: World, { among, place }: Pick): Piece | undefined {
  const all = [...world.pieces.values()];
  const chosen = {
    all,
    offered: all.filter((one) => isActionable(world, one)),
    held: all.filter(({ id }) => world.holds.has(id)),
    parents: all.filter((one) => !isLeaf(world, one)),
    ended: all.filter(hasEnded),
    review: all.filter(({ stage }) => stage === 'review'),
    cancelled: all.filter(({ stage }) => stage === 'cancelled'),
    deleted: [...world.trash.values()].map(({ one }) => one),
    waiting: all.filter((one) => one.stage === 'ready' && isLeaf(world, one) && !isActionable(world, one)),
  }[among];
  const candidates = chosen.length > 0 ? chosen : all;
  return candidates[place % candidates.length];
}

export function shown(world: World, id: string | undefined, shows: ClaimShown) {
  const live = id === undefined ? undefined : world.holds.get(id)?.id;
  const claim_id = { none: undefined, live, ended: NO_CLAIM }[shows];
  return claim_id === undefined ? {} : { claim_id };
}

export const isMine = (hold: Hold, { session }: Scene, { claim_id }: { claim_id?: string }) =>
  claim_id === undefined ? hold.holder === session : hold.id === claim_id;

export const renew = (world: World, hold: Hold) => {
  hold.until = world.now + hold.leaseMs;
};

/** Whether a task is another's, or the claim that is shown on it is no more. */
export function isAnothers(scene: Scene, one: Piece, claim: { claim_id?: string }): boolean {
  settle(scene.world, one.id);
  const hold = scene.world.holds.get(one.id);
  return hold === undefined ? claim.claim_id !== undefined : !isMine(hold, scene, claim);
}

/** What becomes of a call that wants to change a task: the lease of its holder begins anew, others are refused. */
export function toChange(scene: Scene, one: Piece, claim: { claim_id?: string }): 'conflict' | undefined {
  if (isAnothers(scene, one, claim)) return 'conflict';
  const hold = scene.world.holds.get(one.id);
  if (hold !== undefined) renew(scene.world, hold);
  return undefined;
}

export const iso = (at: number) => new Date(at).toISOString();

/** What holds a leaf back, and whether people have to decide it. */
export function obstacles(world: World, one: Piece): Readonly<{ count: number; isGated: boolean }> {
  const above = ancestors(world, one);
  const unmet = [one, ...above].flatMap(({ id }) => unmetOf(world, id));
  const isGated = unmet.some((edge) => edge.type === 'approval' || known(world, edge.prerequisite).type === 'approval');
  return { count: unmet.length + above.filter(({ stage }) => stage === 'blocked').length, isGated };
}

type Handing = Readonly<{ reply: Body; session: string; leaseSeconds: number | undefined }>;

/** A task goes to the one who asked. */
export function hand(world: World, one: Piece, { reply, session, leaseSeconds = 14_400 }: Handing): void {
  if (one.stage !== 'active') move(world, one.id, 'active');
  const leaseMs = leaseSeconds * 1000;
  const until = world.now + leaseMs;
  expect(reply.claim).toMatchObject({ held_by: session, lease_until: iso(until) });
  expect(reply.already_held_since).toBeUndefined();
  const { claim_id: id } = reply.claim;
  world.holds.set(one.id, { id, task: one.id, holder: session, leaseMs, until, takenAt: world.now });
}

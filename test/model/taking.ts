import { expect } from 'vitest';
import type { Body } from '../harness.ts';
import { type Expected, hand, type Of, picked, type Request, refused, type Scene } from './scene.ts';
import {
  ancestors,
  isActionable,
  isLeaf,
  isOpen,
  offered,
  offerKeys,
  type Piece,
  piece,
  settleAll,
  type World,
} from './world.ts';

export function taking({ world }: Scene, call: Of<'next'>): Expected {
  const { within, specialist, takes, leaseSeconds } = call;
  const plan = within === undefined ? undefined : picked(world, within);
  const args = {
    claim: takes,
    explain: call.explains,
    ...(leaseSeconds !== undefined && { lease_seconds: leaseSeconds }),
    ...(plan !== undefined && { parent_task_id: plan.id }),
    ...(specialist !== undefined && { specialist_type: specialist }),
  };
  const request: Request = { tool: 'next_task', args };
  if (plan !== undefined && isLeaf(world, plan)) return refused(request, 'refused');
  settleAll(world);
  const filter = { within: plan?.id, specialist };
  const first = firstLeaf(world, filter);
  const follow = (reply: Body, session: string) => {
    expect(reply.task_id).toBe(first?.id);
    expect(reply.task_available).toBe(first !== undefined);
    if (first !== undefined && takes) hand(world, first, { reply, session, leaseSeconds });
  };
  const check = (reply: Body) => {
    const left = offered(world).filter((one) => one.id !== first?.id && isMeant(world, one, filter));
    if (reply.others !== undefined) compareOffers(world, reply.others, left);
    for (const { task_id } of reply.waiting_for ?? []) expect(isHeldUp(world, piece(world, task_id))).toBe(true);
    if (first === undefined) expect(reply.retry_after_ms !== undefined).toBe(isWorkedOn(world, reply));
  };
  return { ...request, follow, check };
}

const isWorkedOn = (world: World, reply: Body) => reply.waiting_for.length > 0 && world.holds.size > 0;

/** A leaf, or a plan whose parts have ended and which waits for something itself. */
const isHeldUp = (world: World, one: Piece) =>
  (isLeaf(world, one) || one.stage === 'review') && isOpen(one) && !isActionable(world, one);

/** The most that an explanation names of those that are free as well; it goes on with others. */
const NAMED = 10;

/** Those that come next, in their order; what is alike in it may come either way. */
function compareOffers(world: World, told: readonly Body[], left: readonly Piece[]): void {
  const free = new Set(left.map(({ id }) => id));
  const named = told.map(({ task_id }) => String(task_id)).filter((id) => free.has(id));
  const keys = (ids: readonly string[]) => ids.map((id) => offerKeys(world, piece(world, id)));
  expect(keys(named)).toEqual(keys(left.slice(0, NAMED).map(({ id }) => id)));
}

type Filter = Readonly<{ within?: string | undefined; specialist?: string | undefined }>;

const isMeant = (world: World, one: Piece, { within, specialist }: Filter) =>
  (specialist === undefined || one.specialist === specialist) &&
  (within === undefined || ancestors(world, one).some(({ id }) => id === within));

export const firstLeaf = (world: World, filter: Filter): Piece | undefined =>
  offered(world).find((one) => isLeaf(world, one) && isMeant(world, one, filter));

/**
 * A claim says who works on a task, and until when. It ends when the task leaves `active`, when its lease runs out,
 * or when the process that its holder last called through is gone.
 */
export type Claim = Readonly<{
  id: string;
  taskId: string;
  /** The session that holds it. */
  holder: string;
  leaseMs: number;
  leaseUntil: number;
  takenAt: number;
}>;

export const LEASE_MS = { default: 4 * 3_600_000, least: 60_000, most: 7 * 24 * 3_600_000 } as const;

/** Who makes a call. */
export type Actor = Readonly<{
  sessionId: string;
  /** Whether the call names its session, rather than mean the one that its process began with. */
  isNamed?: boolean;
  /** The claim that the call shows, if it shows one. */
  claimId?: string | undefined;
}>;

export const hasRunOut = (claim: Claim, at: number) => claim.leaseUntil <= at;

/** Writing about a task says that its holder is alive: the lease starts anew. */
export const renewed = (claim: Claim, at: number): Claim => ({ ...claim, leaseUntil: at + claim.leaseMs });

/** Whether the actor is the holder. A claim id that was given decides alone: it fences off a holder whose claim was taken over. */
export const isHeldBy = (claim: Claim, actor: Actor) =>
  actor.claimId === undefined ? claim.holder === actor.sessionId : claim.id === actor.claimId;

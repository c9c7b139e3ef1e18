import type { Session } from '../domain/session.ts';

/** What a session did, counted in tasks. */
export type SessionWork = Readonly<{
  sessionId: string;
  /** Tasks that it created and that are not deleted. */
  created: number;
  /** Tasks that it completed, those included that were taken up again. */
  completed: number;
  /** When it last created, took or moved a task; undefined where it never did. */
  latestAt: number | undefined;
}>;

/** All sessions that there ever were. */
export interface RosterRepository {
  /** The latest first, those that have ended or have not, after the one with that time and id, at most `limit`. */
  page(asked: {
    hasEnded: boolean | undefined;
    after: Pick<Session, 'id' | 'createdAt'> | undefined;
    limit: number;
  }): Promise<readonly Session[]>;
  count(): Promise<Readonly<{ ended: number; unended: number }>>;
  workOf(sessionIds: readonly string[]): Promise<readonly SessionWork[]>;
}

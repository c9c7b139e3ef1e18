/** Everything that can happen, as it is recorded; the names are the wire's. */
export const EVENT_TYPES = [
  'task.created',
  'task.updated',
  'task.moved',
  'task.lifecycle_changed',
  'task.status_changed',
  'task.claimed',
  'task.released',
  'task.taken_over',
  'task.lease_expired',
  'task.deleted',
  'task.restored',
  'task.purged',
  'dependency.added',
  'dependency.updated',
  'dependency.removed',
  'dependency.satisfied',
  'dependency.failed',
  'dependency.reopened',
  'dependency.approved',
  'dependency.rejected',
  'dependency.waived',
  'artifact.added',
  'note.added',
  'template.saved',
  'template.deleted',
  'plan.synthesized',
  'session.started',
  'session.ended',
  'maintenance.run',
  'store.restored',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** An event before it is recorded; the recorder adds its number, the time and the actor. */
export type NewEvent = Readonly<{
  type: EventType;
  taskId?: string | undefined;
  details?: Readonly<Record<string, unknown>>;
}>;

/** A recorded event. `seq` numbers all events of a store in the order in which they were committed. */
export type Event = NewEvent & Readonly<{ seq: number; at: number; sessionId: string }>;

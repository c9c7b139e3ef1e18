import type { Repositories, Store } from '../../src/application/ports.ts';
import type { Artifact } from '../../src/domain/artifact.ts';
import type { Claim } from '../../src/domain/claim.ts';
import type { Dependency } from '../../src/domain/dependencies.ts';
import type { Note } from '../../src/domain/note.ts';
import type { ProcessIdentity, Session } from '../../src/domain/session.ts';
import { NEW_STANDING, newTask, type Standing, type Task } from '../../src/domain/task.ts';

/** A fresh, empty store, and how another server opens the same one. */
export type GivenStore = Readonly<{ store: Store; openAgain: () => Promise<Store> }>;
export type OpenFresh = () => Promise<GivenStore>;

type SomeTask = Omit<Partial<Task>, 'standing'> & Readonly<{ id: string; standing?: Partial<Standing> }>;

export const aTask = ({ standing, ...given }: SomeTask): Task => ({
  ...newTask({
    id: given.id,
    type: 'custom',
    title: `Title of ${given.id}`,
    sessionId: 'session_00000000',
    createdAt: 1000,
  }),
  ...given,
  standing: { ...NEW_STANDING, ...standing },
});

export const anEdge = (given: Partial<Dependency> & Pick<Dependency, 'taskId' | 'prerequisiteId'>): Dependency => ({
  type: 'completion',
  artifactType: undefined,
  description: undefined,
  status: 'pending',
  verdict: undefined,
  ...given,
});

export const aClaim = (given: Partial<Claim> & Pick<Claim, 'id' | 'taskId'>): Claim => ({
  holder: 'session_00000000',
  leaseMs: 60_000,
  leaseUntil: 61_000,
  takenAt: 1000,
  ...given,
});

export const aProcess = (id: string): ProcessIdentity => ({ id, host: 'host', pid: 42, startedAt: '12345' });

export const aSession = (given: Partial<Session> & Pick<Session, 'id'>): Session => ({
  agentName: undefined,
  createdAt: 1000,
  endedAt: undefined,
  process: undefined,
  ...given,
});

export const anArtifact = (given: Partial<Artifact> & Pick<Artifact, 'id' | 'taskId'>): Artifact => ({
  type: 'code',
  summary: 'What was done',
  outcome: 'complete',
  filePaths: [],
  sessionId: 'session_00000000',
  createdAt: 1000,
  sha256: 'ab'.repeat(32),
  bytes: 10,
  characters: 10,
  ...given,
});

export const aNote = (given: Partial<Omit<Note, 'seq'>> & Pick<Note, 'text'>): Omit<Note, 'seq'> => ({
  taskId: undefined,
  kind: 'progress',
  sessionId: 'session_00000000',
  at: 1000,
  ...given,
});

/** Stores tasks and hands back what `look` finds in the same transaction. */
export const given = <T>(
  store: Store,
  tasks: readonly Task[],
  look: (repositories: Repositories) => Promise<T>,
): Promise<T> =>
  store.write(async (repositories) => {
    await repositories.tasks.insert(tasks);
    return look(repositories);
  });

export const idsOf = (tasks: readonly Readonly<{ id: string }>[]) => tasks.map(({ id }) => id);

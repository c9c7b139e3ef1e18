import { describe, expect, test } from 'vitest';
import type { Event } from '../../domain/event.ts';
import { changed } from './changes.ts';

const anEvent = (given: Partial<Event>): Event => ({
  seq: 1,
  at: 0,
  sessionId: 'session_00000000',
  type: 'task.updated',
  ...given,
});

const PARENTS = new Map([
  ['leaf', ['leaf', 'plan']],
  ['plan', ['plan']],
  ['other', ['other']],
]);
const lineage = async (id: string) => PARENTS.get(id);

const ALL = [
  'orchestrator://status',
  'orchestrator://tasks/leaf',
  'orchestrator://tasks/plan',
  'orchestrator://tasks/other',
  'orchestrator://plans/plan/graph',
  'orchestrator://artifacts/artifact_1',
  'orchestrator://artifacts/artifact_2',
];
const changedBy = (event: Partial<Event>, wanted = ALL) => changed(new Set(wanted), [anEvent(event)], lineage);

describe('what an event changes', () => {
  test('the status, the task, and all that lies above it', async () => {
    expect(await changedBy({ taskId: 'leaf' })).toEqual([
      'orchestrator://status',
      'orchestrator://tasks/leaf',
      'orchestrator://tasks/plan',
      'orchestrator://plans/plan/graph',
    ]);
  });

  test('the artifact that it names', async () => {
    const event = { type: 'artifact.added', taskId: 'other', details: { artifact_id: 'artifact_2' } } as const;

    expect(await changedBy(event)).toEqual([
      'orchestrator://status',
      'orchestrator://tasks/other',
      'orchestrator://artifacts/artifact_2',
    ]);
  });

  test('the template that was saved or deleted', async () => {
    const uri = 'orchestrator://templates/own';

    for (const type of ['template.saved', 'template.deleted'] as const) {
      const event = { type, details: { template_id: 'own', version: 2 } };
      expect(await changedBy(event, [...ALL, uri, `${uri}_2`])).toEqual(['orchestrator://status', uri]);
    }
    expect(await changedBy({ type: 'task.created', details: { template_id: 'own' } }, [uri])).toEqual([]);
  });

  test('everything of its kind, where the task is gone', async () => {
    expect(await changedBy({ type: 'task.purged', taskId: 'gone' })).toEqual(ALL);
  });

  test('everything, when the store was restored', async () => {
    expect(await changedBy({ type: 'store.restored' })).toEqual(ALL);
  });

  test('nothing that nobody wants', async () => {
    expect(await changedBy({ taskId: 'leaf' }, ['orchestrator://tasks/other'])).toEqual([]);
  });
});

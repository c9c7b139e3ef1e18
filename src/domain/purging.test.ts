import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { purgedDetails } from './purging.ts';

describe('what an event tells once its task is purged', () => {
  test('ids, times, numbers and words of ours stay', () => {
    const details = {
      dependency_task_id: 'tester_0123abcd',
      dependency_type: 'completion',
      from: 'ready',
      to: 'active',
      lease_until: '2026-01-01T00:00:00.000Z',
      unmet: ['task_0123abcd'],
      count: 3,
      complete: true,
    };

    expect(purgedDetails(details)).toEqual(details);
  });

  test('an update still tells which fields it changed, and nothing of what they held', () => {
    const changes = {
      title: { from: 'secret', to: 'more secret' },
      priority: { from: 'low', to: 'high' },
      attributes: { from: {}, to: { secret: { deep: 1 } } },
      acceptance_criteria: { to: ['secret'] },
    };

    expect(purgedDetails({ changes })).toEqual({
      changes: {
        title: { from: '[purged]', to: '[purged]' },
        priority: { from: 'low', to: 'high' },
        attributes: { from: '[purged]', to: '[purged]' },
        acceptance_criteria: { to: ['[purged]'] },
      },
    });
  });

  test('no text gets through, however deep it lies', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('note', 'reason', 'changes', 'from'), fc.jsonValue()), (details) => {
        const hidden = JSON.parse(JSON.stringify(details), (_, value) =>
          typeof value === 'string' ? 'sécret' : value,
        );

        expect(JSON.stringify(purgedDetails(hidden))).not.toContain('sécret');
      }),
    );
  });
});

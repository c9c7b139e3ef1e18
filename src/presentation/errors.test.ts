import { describe, expect, test } from 'vitest';
import { invalid, taskNotFound } from '../domain/errors.ts';
import { errorBody, foreseen } from './errors.ts';

const silent = { error: () => undefined };

describe('what a refusal says on the wire', () => {
  test('the sentence, the code, the next call and the details', () => {
    expect(errorBody(taskNotFound('task_zzzzzzzz', ['task_zzzzzzz1']))).toEqual({
      error: 'Task not found: task_zzzzzzzz',
      code: 'not_found',
      suggestion: 'Use orchestrator_get_status to see available tasks',
      did_you_mean: ['task_zzzzzzz1'],
    });
  });

  test('nothing is said of a suggestion that there is not', () => {
    const error = invalid('task_id must be a text', { parameter: 'task_id' });

    expect(errorBody(error)).toEqual({
      error: 'task_id must be a text',
      code: 'invalid',
      parameter: 'task_id',
    });
  });
});

describe('an error that nobody foresaw', () => {
  test('is shown without its text, under a reference that the log holds with all of it', () => {
    const logged: Readonly<Record<string, unknown>>[] = [];
    const failure = new Error('SELECT secret FROM /home/me/tasks.db');

    const body = errorBody(foreseen(failure, { error: (details) => logged.push(details) }));

    expect(JSON.stringify(body)).not.toMatch(/SELECT|home/);
    expect(body).toMatchObject({ code: 'internal', reference: expect.stringMatching(/^[0-9a-f]{8}$/) });
    expect(logged).toEqual([{ err: failure, reference: body.reference }]);
  });

  test('differs from one of ours, which stays as it is', () => {
    const ours = taskNotFound('task_zzzzzzzz');

    expect(foreseen(ours, silent)).toBe(ours);
  });
});

import { describe, expect, test } from 'vitest';
import {
  conflict,
  invalid,
  missingParameter,
  notFound,
  OrchestratorError,
  refused,
  taskNotFound,
  timedOut,
  transient,
} from './errors.ts';

describe('an error of ours', () => {
  test.each([
    [invalid('x'), 'invalid'],
    [refused('x'), 'refused'],
    [conflict('x'), 'conflict'],
    [transient('x'), 'transient'],
    [notFound('Artifact', 'x'), 'not_found'],
    [taskNotFound('x'), 'not_found'],
    [timedOut('scan_cleanup'), 'timeout'],
  ])('%s has the code %s', (error, code) => {
    expect(error).toBeInstanceOf(OrchestratorError);
    expect(error.code).toBe(code);
  });

  test('keeps the suggestion and the cause apart from the details', () => {
    const cause = new Error('below');

    const error = refused('No', { suggestion: 'Call again', cause, lifecycle_stage: 'ready' });

    expect(error).toMatchObject({ message: 'No', suggestion: 'Call again', cause });
    expect(error.details).toEqual({ lifecycle_stage: 'ready' });
  });

  test('with more to tell is the same otherwise', () => {
    const error = conflict('No', { suggestion: 'Wait', held_by: 'session_a', cause: 'below' });

    const more = error.with({ artifact_kept: { artifact_id: 'artifact_a' } });

    expect(more).toMatchObject({ code: 'conflict', message: 'No', suggestion: 'Wait', cause: 'below' });
    expect(more.details).toEqual({ held_by: 'session_a', artifact_kept: { artifact_id: 'artifact_a' } });
  });

  test('for an unknown task is in the words of the reference', () => {
    expect(taskNotFound('invalid_task_123')).toMatchObject({
      message: 'Task not found: invalid_task_123',
      suggestion: 'Use orchestrator_get_status to see available tasks',
      details: {},
    });
  });

  test('for an unknown task names ids that are close, if there are any', () => {
    expect(taskNotFound('task_a', ['task_b']).details).toEqual({ did_you_mean: ['task_b'] });
  });

  test('for a missing parameter is in the words of the reference', () => {
    const error = missingParameter('task_id', { required: ['task_id'], provided: [] });

    expect(error).toMatchObject({ code: 'invalid', message: 'Missing required parameter: task_id' });
    expect(error.details).toMatchObject({ required_parameters: ['task_id'], provided_parameters: [] });
  });

  test('for a call whose time ran out names the action', () => {
    expect(timedOut('scan_cleanup')).toMatchObject({
      message: 'Operation timed out',
      details: { action: 'scan_cleanup', suggestions: expect.any(String) },
    });
  });
});

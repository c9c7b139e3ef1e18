import { describe, expect, test } from 'vitest';
import { ARTIFACT_TYPES, artifactPath, HANDS_ON } from './artifact.ts';

describe('an artifact', () => {
  test('lies below the folder of its task, with forward slashes', () => {
    expect(artifactPath({ taskId: 'architect_def456', id: 'artifact_xyz789' })).toBe(
      '.task_orchestrator/artifacts/architect_def456/artifact_xyz789.md',
    );
  });

  test('is of one of the types of the reference', () => {
    expect(ARTIFACT_TYPES).toEqual(['code', 'documentation', 'analysis', 'design', 'test', 'config', 'general']);
  });

  test('hands work on when it was completed or synthesized, and not when it was refused or handed back', () => {
    expect(HANDS_ON).toEqual(['continue', 'complete', 'synthesis']);
  });
});

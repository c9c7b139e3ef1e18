import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS } from './maintenance.ts';
import { artifactOfFile, fateOf, type Recorded, taskOfFile } from './stray-files.ts';

const AT = Date.UTC(2026, 6, 1);
const FILE = 'artifacts/tester_0123abcd/artifact_0123abcd.md';
const thresholds = { trashDays: 30, orphanFileDays: 7 };

const fate = (path: string, { age, recorded }: { age: number; recorded?: Recorded }) =>
  fateOf({ path, changedAt: AT - age }, { thresholds, at: AT, recorded });

describe('what becomes of a file', () => {
  test('the trash is purged after its time, whatever lies in it', () => {
    for (const path of [`trash/${FILE}`, 'trash/.a.0123abcd.tmp']) {
      expect(fate(path, { age: 30 * DAY_MS })).toBeUndefined();
      expect(fate(path, { age: 30 * DAY_MS + 1 })).toBe('purged');
      expect(fate(path, { age: 30 * DAY_MS + 1, recorded: 'given_up' })).toBe('purged');
    }
  });

  test('work that was given up lies in the trash, and at its place once it is wanted again', () => {
    expect(fate(FILE, { age: 0, recorded: 'given_up' })).toBe('given_up');
    expect(fate(`trash/${FILE}`, { age: 0, recorded: 'kept' })).toBe('wanted');
    expect(fate(`trash/${FILE}`, { age: 0, recorded: 'given_up' })).toBeUndefined();
    expect(fate(FILE, { age: 0, recorded: 'kept' })).toBeUndefined();
  });

  test('a file that was never finished is put away after an hour, in every folder', () => {
    for (const path of ['artifacts/tester_0123abcd/.artifact_0123abcd.md.0123abcd.tmp', '.x.0123abcd.tmp']) {
      expect(fate(path, { age: HOUR_MS })).toBeUndefined();
      expect(fate(path, { age: HOUR_MS + 1 })).toBe('unfinished');
    }
  });

  test('a file in the artifacts that no artifact has is put away after a week', () => {
    expect(fate(FILE, { age: 7 * DAY_MS })).toBeUndefined();
    expect(fate(FILE, { age: 7 * DAY_MS + 1 })).toBe('unrecorded');
    expect(fate(FILE, { age: 700 * DAY_MS, recorded: 'kept' })).toBeUndefined();
  });

  test.each(['task_orchestrator.db', 'roles/tester.yaml', 'docs/index.md', 'backups/a.db', 'x.0123abcd.tmp', '.a.tmp'])(
    '%s stays where it is',
    (path) => {
      expect(fate(path, { age: 7000 * DAY_MS })).toBeUndefined();
    },
  );
});

test('a path tells the task that it lies under', () => {
  expect(taskOfFile(FILE)).toBe('tester_0123abcd');
  expect(taskOfFile(`trash/${FILE}.2`)).toBe('tester_0123abcd');
  expect(taskOfFile('docs/plans/task_0123abcd.md')).toBeUndefined();
  expect(taskOfFile('artifacts/loose.md')).toBeUndefined();
});

test('only the place of an artifact file stands for one', () => {
  expect(artifactOfFile(FILE)).toEqual({ taskId: 'tester_0123abcd', id: 'artifact_0123abcd' });
  for (const path of [`trash/${FILE}`, `${FILE}.2`, 'artifacts/a/b/c.md', 'artifacts/a/.b.md.0123abcd.tmp'])
    expect(artifactOfFile(path)).toBeUndefined();
});

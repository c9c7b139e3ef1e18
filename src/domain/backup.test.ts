import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BACKUP_KINDS, type Backup, backupName, outlived } from './backup.ts';
import { DAY_MS } from './maintenance.ts';

const NOW = Date.UTC(2026, 5, 1);

const aBackup = (daysAgo: number, more: Partial<Backup> = {}): Backup => ({
  name: `${daysAgo} days ago`,
  kind: 'asked_for',
  storeId: 'store',
  schemaVersion: 1,
  madeAt: NOW - daysAgo * DAY_MS,
  isSound: true,
  bytes: 1,
  artifacts: 0,
  ...more,
});

describe('backups that need not be kept', () => {
  test('are those that are neither among the latest nor young', () => {
    const backups = [aBackup(50), aBackup(40), aBackup(3), aBackup(2), aBackup(1)];

    const named = (keep: number, keepDays: number) =>
      outlived(backups, { keep, keepDays, at: NOW }).map(({ name }) => name);

    expect(named(1, 7)).toEqual(['40 days ago', '50 days ago']);
    expect(named(4, 0)).toEqual(['50 days ago']);
    expect(named(5, 0)).toEqual([]);
    expect(named(1, 45)).toEqual(['50 days ago']);
  });

  test('never push out those of another kind', () => {
    const replaced = aBackup(60, { kind: 'before_restore' });
    const backups = [replaced, aBackup(3), aBackup(2), aBackup(1)];

    expect(outlived(backups, { keep: 2, keepDays: 0, at: NOW })).not.toContain(replaced);
  });

  test('never push out those of another store, which may have been lost', () => {
    const lost = aBackup(60, { storeId: 'lost' });
    const backups = [lost, aBackup(3), aBackup(2), aBackup(1)];

    expect(outlived(backups, { keep: 2, keepDays: 0, at: NOW })).not.toContain(lost);
  });

  const anyBackups = fc.array(
    fc.record({
      days: fc.integer({ min: 0, max: 400 }),
      kind: fc.constantFrom(...BACKUP_KINDS),
      isSound: fc.boolean(),
    }),
    { maxLength: 12 },
  );

  test('never include the last good one, nor one that was promised to stay', () => {
    fc.assert(
      fc.property(anyBackups, fc.nat(5), fc.nat(300), (drawn, keep, keepDays) => {
        const backups = drawn.map(({ days, ...more }) => aBackup(days, more));
        const gone = outlived(backups, { keep, keepDays, at: NOW });

        const good = backups.filter(({ isSound }) => isSound);
        const newest = Math.max(...good.map(({ madeAt }) => madeAt));
        if (good.length > 0) expect(good.some((one) => one.madeAt === newest && !gone.includes(one))).toBe(true);
        for (const one of gone) {
          expect((NOW - one.madeAt) / DAY_MS).toBeGreaterThan(keepDays);
          const later = backups.filter(
            ({ kind, madeAt }) => kind === one.kind && madeAt >= one.madeAt && one !== undefined,
          );
          expect(later.length - 1).toBeGreaterThanOrEqual(keep);
        }
      }),
    );
  });
});

test('names of backups sort by their time and say what they were made for', () => {
  expect(backupName(NOW, 'asked_for')).toBe('20260601T000000.000Z');
  expect(backupName(NOW + 1, 'before_restore')).toBe('20260601T000000.001Z-before-restore');
});

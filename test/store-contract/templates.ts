import { describe, expect, test } from 'vitest';
import type { OpenFresh } from './given.ts';

const KEPT = { id: 'own', version: 1, content: 'id: own\n# ä', savedAt: 5, savedBy: 'session_a' };

export const savedTemplates = (open: OpenFresh) =>
  describe('saved templates', () => {
    test('the latest version is found, with every field that it was stored with', async () => {
      const { store } = await open();

      const found = await store.write(async ({ savedTemplates: saved }) => {
        await saved.save(KEPT);
        await saved.save({ ...KEPT, version: 3, content: 'third' });
        await saved.save({ ...KEPT, version: 2, content: 'second' });
        return [await saved.find('own'), await saved.find('other')];
      });

      expect(found).toEqual([{ ...KEPT, version: 3, content: 'third', deletedAt: undefined }, undefined]);
    });

    test('ids are listed once each, in order', async () => {
      const { store } = await open();

      const ids = await store.write(async ({ savedTemplates: saved }) => {
        for (const [id, version] of [
          ['b', 1],
          ['a', 1],
          ['a', 2],
        ] as const)
          await saved.save({ ...KEPT, id, version });
        return saved.ids();
      });

      expect(ids).toEqual(['a', 'b']);
    });

    test('what is removed is neither found nor listed, and all its versions are still there', async () => {
      const { store } = await open();

      const found = await store.write(async ({ savedTemplates: saved }) => {
        await saved.save(KEPT);
        await saved.save({ ...KEPT, version: 2 });
        await saved.save({ ...KEPT, id: 'other' });
        await saved.remove('own', 9);
        const versions = await saved.versions('own');
        return { kept: await saved.find('own'), ids: await saved.ids(), versions };
      });

      expect(found.kept).toBeUndefined();
      expect(found.ids).toEqual(['other']);
      expect(found.versions.map(({ version, deletedAt }) => [version, deletedAt])).toEqual([
        [2, 9],
        [1, 9],
      ]);
    });

    test('what is saved again after it was removed is found, and what was removed stays so', async () => {
      const { store } = await open();

      const found = await store.write(async ({ savedTemplates: saved }) => {
        await saved.save(KEPT);
        await saved.remove('own', 9);
        await saved.save({ ...KEPT, version: 2 });
        await saved.remove('other', 10);
        return { kept: await saved.find('own'), versions: await saved.versions('own') };
      });

      expect(found.kept?.version).toBe(2);
      expect(found.versions.map(({ deletedAt }) => deletedAt)).toEqual([undefined, 9]);
    });
  });

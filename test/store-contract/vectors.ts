import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Store } from '../../src/application/ports.ts';
import type { PlacedSource, VectorChange } from '../../src/application/vector-repository.ts';
import { readQuery } from '../../src/domain/search.ts';
import type { OpenFresh } from './given.ts';

const unit = (...parts: readonly number[]) => {
  const length = Math.hypot(...parts);
  return Float32Array.from(parts, (part) => part / length);
};
const placed = (seq: number, vector: Float32Array, more: Partial<PlacedSource> = {}): PlacedSource => ({
  kind: 'task',
  seq,
  taskId: `task_${seq}`,
  vector,
  ...more,
});

async function take(store: Store, change: Partial<VectorChange>) {
  return store.write(async ({ vectors }) => {
    const from = (await vectors.standing())?.to ?? 0;
    return vectors.take({ model: 'm', from, to: from + 1, emptied: [], placed: [], ...change });
  });
}

const nearest = async (store: Store, vector: Float32Array, limit = 10) => {
  const hits = await store.read(({ vectors }) => vectors.nearest(vector, { unwanted: [], limit }));
  return hits.map(({ kind, seq }) => `${kind} ${seq}`);
};

export function vectors(open: OpenFresh) {
  describe('the vectors', () => {
    async function begun() {
      const { store } = await open();
      await store.write((repositories) => repositories.vectors.begin('m'));
      return store;
    }
    const standing = (store: Store) => store.read((repositories) => repositories.vectors.standing());

    test('are of nobody at first, then of one model, which begins anew', async () => {
      const { store } = await open();

      expect(await standing(store)).toBeUndefined();
      expect(await take(store, {})).toBe(false);
      await store.write((repositories) => repositories.vectors.begin('m'));
      await take(store, { placed: [placed(1, unit(1, 0))] });
      expect(await standing(store)).toEqual({ model: 'm', dimensions: 2, to: 1 });
      await store.write((repositories) => repositories.vectors.begin('other'));

      expect(await standing(store)).toEqual({ model: 'other', dimensions: undefined, to: 0 });
      expect(await nearest(store, unit(1, 0))).toEqual([]);
    });

    test('take nothing from elsewhere: another place, model or length', async () => {
      const store = await begun();
      await take(store, { placed: [placed(1, unit(1, 0))] });

      expect(await take(store, { from: 0 })).toBe(false);
      expect(await take(store, { model: 'other' })).toBe(false);
      expect(await take(store, { placed: [placed(2, unit(1, 0, 0))] })).toBe(false);
      expect(await take(store, { placed: [] })).toBe(true);
      expect(await standing(store)).toEqual({ model: 'm', dimensions: 2, to: 2 });
    });

    test('are replaced, and emptied with their task', async () => {
      const store = await begun();
      const note = placed(7, unit(1, 1), { kind: 'note', taskId: 'task_1' });
      await take(store, { placed: [placed(1, unit(1, 0)), placed(2, unit(0, 1)), note] });

      await take(store, { placed: [placed(2, unit(1, 0.1))] });
      expect(await nearest(store, unit(0, 1))).toEqual(['note 7', 'task 2', 'task 1']);
      await take(store, { emptied: ['task_1'] });

      expect(await nearest(store, unit(0, 1))).toEqual(['task 2']);
    });

    test('keep to a kind, and away from words that are not wanted', async () => {
      const store = await begun();
      const note = placed(1, unit(1, 0), { kind: 'note' });
      await take(store, { placed: [placed(1, unit(1, 0)), placed(2, unit(1, 0)), note] });
      await store.write(({ search }) =>
        search.take({
          from: 0,
          to: 1,
          emptied: [],
          entries: [{ kind: 'task', seq: 2, taskId: undefined, title: 'red', body: [] }],
        }),
      );
      const { unwanted } = readQuery('x -red');

      const [notes, others] = await store.read(async (repositories) => [
        await repositories.vectors.nearest(unit(1, 0), { kind: 'note', unwanted: [], limit: 9 }),
        await repositories.vectors.nearest(unit(1, 0), { unwanted, limit: 9 }),
      ]);

      expect(notes).toEqual([{ kind: 'note', seq: 1 }]);
      expect(others).toEqual([
        { kind: 'note', seq: 1 },
        { kind: 'task', seq: 1 },
      ]);
    });

    test('come in the order of their angle, as far as a byte for each number can tell', async () => {
      const store = await begun();
      const part = fc.double({ min: -1, max: 1, noNaN: true });
      const vector = fc
        .array(part, { minLength: 8, maxLength: 8 })
        .filter((parts) => Math.hypot(...parts) > 0.1)
        .map((parts) => unit(...parts));
      const run = async (asked: Float32Array, others: readonly Float32Array[]) => {
        await store.write((repositories) => repositories.vectors.begin('m'));
        await take(store, { placed: others.map((other, place) => placed(place, other)) });

        const found = await nearest(store, asked, others.length);

        const angles = found.map((name) => cosine(asked, others[Number(name.slice(5))] ?? asked));
        expect(found).toHaveLength(others.length);
        for (const [place, angle] of angles.entries()) expect(angle).toBeLessThan((angles[place - 1] ?? 1) + 0.05);
      };

      await fc.assert(fc.asyncProperty(vector, fc.array(vector, { minLength: 1, maxLength: 12 }), run), {
        numRuns: 100,
      });
    });
  });
}

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, part, place) => sum + part * (b[place] ?? 0), 0);

import { expect, test } from 'vitest';
import { type Diagnosis, fixesFor } from './diagnosis.ts';

const ill = (about: string, fix?: Diagnosis['fix']): Diagnosis => ({ about, state: 'ill', finding: 'Something', fix });

test('each fix that is asked for is done once, in the order in which they build on each other', () => {
  const wanted = [
    ill('wal', 'wal'),
    ill('structure', 'structure'),
    ill('structure', 'structure'),
    ill('version', 'schema'),
  ];

  expect(fixesFor(wanted)).toEqual(['schema', 'structure', 'wal']);
});

test('nothing is written to a store whose database is damaged', () => {
  expect(fixesFor([ill('database'), ill('files', 'ignoring'), ill('wal', 'wal')])).toEqual([]);
});

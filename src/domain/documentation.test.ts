import { expect, test } from 'vitest';
import { indexPage } from './documentation.ts';

test('an index that has no room for all says how many it leaves out', () => {
  const none = { plans: [], single: [], notes: [] };

  expect(indexPage({ ...none, omitted: 3 })).toContain('Left out: 3 older ones');
  expect(indexPage({ ...none, omitted: 0 })).not.toContain('Left out');
});

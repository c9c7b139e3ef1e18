import { describe, expect, test } from 'vitest';
import { aTask } from '../../test/store-contract/given.ts';
import { GENERALIST, instructions, roleFor } from './briefing.ts';
import { mergeRole } from './specialist.ts';

const architect = { ...GENERALIST, name: 'architect', definition: 'Senior Software Architect' };
const roles = new Map([['architect', architect]]);

describe('the role of a task', () => {
  test('is the one that it names', () => {
    expect(roleFor(aTask({ id: 'a', specialist: 'architect' }), roles)).toBe(architect);
  });

  test.each([undefined, 'gone'])('is a generalist where it names %s', (specialist) => {
    expect(roleFor(aTask({ id: 'a', specialist }), roles)).toBe(GENERALIST);
  });
});

describe('the instructions of a briefing', () => {
  test('are those of the reference', () => {
    expect(instructions(aTask({ id: 'a', specialist: 'architect' }), architect)).toContain(
      'Please complete this task as the architect specialist',
    );
  });

  test('say when the text of the role is the project’s own, for a clone is not trusted', () => {
    const own = mergeRole('architect', architect, { approach: 'Ask first' });

    expect(instructions(aTask({ id: 'a', specialist: 'architect' }), own)).toContain("the project's own");
    expect(instructions(aTask({ id: 'a', specialist: 'architect' }), architect)).not.toContain("the project's own");
  });
});

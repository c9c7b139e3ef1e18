import { describe, expect, test } from 'vitest';
import { parse } from './args.ts';
import type { Command } from './command.ts';

const COMMAND = {
  name: 'paint',
  operand: '[wall]',
  flags: {
    color: { value: 'name', what: 'The color.' },
    coats: { value: 'count', what: 'How often.' },
    wet: { what: 'Does not wait.' },
  },
  run: async () => ({ report: {}, text: '', isFine: true }),
} satisfies Command & { name: string };

describe('what is given to a command', () => {
  test('is read by its name, in any order, with the value beside or behind an equals sign', () => {
    const given = parse(['--wet', 'north', '--color=red', '--coats', '2'], COMMAND);

    expect([given.operand, given.text('color'), given.isOn('wet'), given.isOn('json')]).toEqual([
      'north',
      'red',
      true,
      false,
    ]);
    expect(given.count('coats', { byDefault: 1, least: 1 })).toBe(2);
  });

  test('may be nothing', () => {
    const given = parse([], COMMAND);

    expect([given.operand, given.text('color'), given.isOn('wet')]).toEqual([undefined, undefined, false]);
    expect(given.count('coats', { byDefault: 3, least: 1 })).toBe(3);
  });

  const mistakes: readonly (readonly [said: RegExp, argv: readonly string[]])[] = [
    [/^Unknown flag --colour of paint; did you mean --color\?$/, ['--colour', 'red']],
    [/^Unknown flag --zebra of paint; .*--help/, ['--zebra']],
    [/^Unknown flag -x of paint/, ['-x']],
    [/^--color needs a value: --color <name>$/, ['--color']],
    [/^--color needs a value/, ['--color', '--wet']],
    [/^--color needs a value/, ['--color=']],
    [/^--wet takes no value$/, ['--wet=no']],
    [/^Unexpected argument south; /, ['north', 'south']],
  ];

  test.each(mistakes)('is refused with %s', (said, argv) => {
    expect(() => parse(argv, COMMAND)).toThrow(
      expect.objectContaining({ name: 'ConfigError', message: expect.stringMatching(said) }),
    );
  });

  test.each(['-1', '0', '1.5', 'many', '1e3', ' 2'])('is no count when it is %j', (text) => {
    const given = parse([`--coats=${text}`], COMMAND);

    expect(() => given.count('coats', { byDefault: 1, least: 1 })).toThrow(
      /^--coats: .* is not a whole number of at least 1$/,
    );
  });

  test('has to name what the command is about, unless it asks for help', () => {
    const needing = { ...COMMAND, operand: '<wall>' };

    expect(() => parse(['--wet'], needing)).toThrow(/^paint needs <wall>; /);
    expect(parse(['-h'], needing).isOn('help')).toBe(true);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { templateTexts } from './template-texts.ts';

const VALUES = {
  name: 'R&D <b>',
  count: 3,
  list: ['a', 'b'],
  yes: true,
  module: { name: 'ui' },
  odd: '{{ name }} {% raw %}',
};
const PLACE = { field: 'design.title', item: undefined };
const rendered = async (text: string, values = VALUES) => (await templateTexts()).render(text, values, PLACE);

describe('a text', () => {
  test.each([
    ['{{ name }}', 'R&D <b>'],
    ['{{name}}-{{ count }}', 'R&D <b>-3'],
    ['{{ odd }}', '{{ name }} {% raw %}'],
    ['{{ yes }} {{ module.name }}', 'true ui'],
    ['{{ list | join: ", " | upcase }}', 'A, B'],
    ['{% for one in list %}{{ one }};{% endfor %}', 'a;b;'],
    ['{% if absent %}no{% else %}yes{% endif %}', 'yes'],
    ['{{ absent | default: "none" }}', 'none'],
    ['{% raw %}{{ name }}{% endraw %}', '{{ name }}'],
    ['{{ "{" }}{ name }}', '{{ name }}'],
  ])('%j becomes %j', async (text, result) => {
    expect(await rendered(text)).toBe(result);
  });

  test.each([
    ['{{ absent }}', 'design.title: there is no value for {{ absent }}'],
    ['{{ module.other }}', 'asks for {{ module.other }}, and parameters.module has no other'],
    ['{{ name.constructor }}', 'parameters.name has no constructor'],
    ['{{ name | shell }}', 'undefined filter: shell'],
    ['{% render "x" %}', 'tag "render" not found'],
    // A text that is captured twice each time is not counted before it is as long as memory.
    ['{% capture a %}{{ name }}{% endcapture %}', 'tag "capture" not found'],
    ['{% if name %}', 'not closed'],
    ['{{ name', 'not closed'],
    ['{% for a in (1..9999999) %}x{% endfor %}', 'takes more time or room'],
    [
      '{% for a in (1..9999) %}{% for b in (1..9999) %}{% for c in (1..9999) %}{% endfor %}{% endfor %}{% endfor %}',
      'takes more time or room',
    ],
    ['{{ "😀" | split: "" | first }}', 'lone surrogate'],
  ])('%j is refused', async (text, why) => {
    await expect(rendered(text)).rejects.toThrow(why);
  });

  test.each([
    ['{% if name %}'.repeat(6_000), 'it is nested deeper than can be read'],
    [`{{ name${'[name'.repeat(12_000)}${']'.repeat(12_000)} }}`, 'it is nested deeper than can be read'],
  ])('nested without end is refused', async (text, why) => {
    const { namesIn } = await templateTexts();

    expect(() => namesIn(text)).toThrow(why);
  });

  test('longer than any text can be is refused', async () => {
    const name = 'x'.repeat(1_000_000);

    await expect(rendered('{{ name | upcase }}{{ name }}'.repeat(2_000), { ...VALUES, name })).rejects.toThrow(
      'takes more time or room',
    );
    await expect(
      rendered(`{% if true %}${'{{ name }}'.repeat(2_000)}{% endif %}`, { ...VALUES, name }),
    ).rejects.toThrow('takes more time or room');
  });

  test('that grows beyond all bounds by its values is refused', async () => {
    const name = 'x'.repeat(60_000);

    await expect(rendered('{{ name }}'.repeat(5_000), { ...VALUES, name })).rejects.toThrow('takes more time or room');
    await expect(rendered('{{ name | upcase }}'.repeat(5_000), { ...VALUES, name })).rejects.toThrow(
      'takes more time or room',
    );
  });

  test('shares its bounds with the others of the same call', async () => {
    const texts = await templateTexts();
    const name = 'x'.repeat(1_000_000);

    const render = () => texts.render('{{ name }}', { name }, PLACE);

    expect(() => Array.from({ length: 20 }, render)).toThrow('takes more time or room');
    expect((await templateTexts()).render('{{ name }}', { name }, PLACE)).toBe(name);
  });

  test('names the values that it takes, and not those that it makes itself', async () => {
    const { namesIn } = await templateTexts();

    const text =
      '{{ a.b | upcase }}{% if c %}{{ d }}{% endif %}{% for x in xs %}{{ x }}{% endfor %}{% assign y = 1 %}{{ y }}';
    expect([...namesIn(text)].sort()).toEqual(['a', 'c', 'd', 'xs']);
  });
});

test('a text that only names values becomes what Liquid makes of it', async () => {
  const { render } = await templateTexts();
  const part = fc.oneof(
    fc.constantFrom(
      '{{ name }}',
      '{{count}}',
      '{{  name}}',
      '{',
      '}',
      '{{',
      '}}',
      '{%',
      ' ',
      '{{ odd }}',
      '{{- name }}',
      '{{ yes }}',
    ),
    fc.string({ maxLength: 4 }),
  );
  // An empty text that is put in as a placeholder takes the long way.
  const outcome = (text: string) => {
    try {
      return render(text, VALUES, PLACE);
    } catch {
      return undefined;
    }
  };

  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const text = parts.join('');
      const byLiquid = outcome(`{{ "" }}${text}`);
      fc.pre(byLiquid !== undefined);

      expect(outcome(text)).toBe(byLiquid);
    }),
    { numRuns: 2_000 },
  );
});

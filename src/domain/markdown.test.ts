import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { code, inline, page, quotation, section } from './markdown.ts';

describe('a text in Markdown', () => {
  test.each([
    ['*bold* and _soft_', '\\*bold\\* and \\_soft\\_'],
    ['<script>alert(1)</script>', '\\<script\\>alert(1)\\</script\\>'],
    ['[link](https://example.org)', '\\[link\\](https://example.org)'],
    ['two\n\nlines', 'two lines'],
    ['# no heading', '\\# no heading'],
    ['- no list', '\\- no list'],
    ['1. no list', '1\\. no list'],
    ['a | b', 'a \\| b'],
    ['\u001b[31mred\u001bc\u0007', '\\[31mred c'],
    ['1.5 hours - about', '1\\.5 hours - about'],
  ])('%j is shown word for word', (text, shown) => {
    expect(inline(text)).toBe(shown);
  });

  test('is one line, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(inline(text)).not.toMatch(/[\r\n]/);
        expect(inline(text)).not.toMatch(/(^|[^\\])<[a-z/!]/);
      }),
    );
  });
});

test('a text of several lines is quoted line by line', () => {
  expect(quotation('one\n\n# two\r\n')).toBe('> one\n>\n> \\# two');
});

test.each([
  ['plain', '`plain`'],
  ['with ` inside', '`` with ` inside ``'],
  ['``', '``` `` ```'],
])('%j is code as it is', (text, shown) => {
  expect(code(text)).toBe(shown);
});

test('what has nothing to list has no heading, and a page ends with a line end', () => {
  expect(page(['# Title', ...section('Empty', []), ...section('List', ['- a', '- b'])])).toBe(
    '# Title\n\n## List\n\n- a\n- b\n',
  );
});

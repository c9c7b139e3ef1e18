import { expect, test } from 'vitest';
import { contained } from './contained.ts';

test.each<[what: string, text: string, lines: readonly string[]]>([
  ['a text of lines', '\n  One\n    two\n\n  three \n\n', ['One', '  two', '', 'three']],
  ['line ends of all kinds', 'a\r\nb\rc', ['a', 'b', 'c']],
  ['nothing', ' \n\t\n', []],
  ['points of a list', '- a\n  - b\n1. c', ['- a', '  - b', '1. c']],
  ['headings, in points as well', '# a\n- ## b\n#hash', ['\\# a', '- \\## b', '#hash']],
  ['a heading by a tabulator', '#\ta', ['\\#    a']],
  ['underlined headings', 'a\n===\nb\n-\nc\n  ---', ['a', '\\===', 'b', '\\-', 'c', '  \\---']],
  ['boxes and targets of links', '- [ ] a\n[b]: c\n1. [x] d', ['- \\[ ] a', '\\[b]: c', '1. \\[x] d']],
  ['quotations', '> # a\n> ```', ['\\> # a', '\\> \\`\\`\\`']],
  ['HTML', '<!-- a\nb <script> a < b `<c>`', ['\\<!-- a', 'b \\<script> a < b `<c>`']],
  ['backticks that pair with none in their line', '`a\n`<b>` ``c`', ['\\`a', '`<b>` \\`\\`c\\`']],
  ['what is escaped already', '\\<a> \\`b` \\\\<c>', ['\\<a> \\`b\\` \\\\\\<c>']],
  ['a fence that nothing closes', 'a\n```js\n# b', ['a', '', '```js', '# b', '```']],
  ['a fence of more signs', '````\n```\n````\n# a', ['````', '```', '````', '\\# a']],
  [
    'a fence in a point',
    '1. a\n   ```\nb\n  # c\n   ```\n# d',
    ['1. a', '', '   ```', '   b', '   # c', '   ```', '\\# d'],
  ],
  ['a fence first in a point', '-\t```\n# a', ['-    ```', '     # a', '     ```']],
  ['a fence that ends further in', '~~~\na\n      ~~~\n# b', ['~~~', 'a', '~~~', '\\# b']],
  ['signs that a terminal obeys', 'a\u001b[1mb\u0000', ['a [1mb']],
])('%s stays within', (_, text, lines) => {
  expect(contained(text)).toEqual(lines);
});

test('a text of many signs takes no time', () => {
  const text = `${'`a'.repeat(50_000)}\n${Array.from({ length: 400 }, (_, length) => '`'.repeat(length)).join(' ')}`;

  expect(contained(text)).toHaveLength(2);
});

/** What Markdown, or the HTML that it may hold, would read as something else than text. */
const SPECIAL = /[\\`*_{}[\]<>#|~&$]/g;
/** What makes a list, a heading or a rule of a line that begins with it. */
const LEADING = /^([-+=]|\d+(?=[.)]))/;

/** A text as Markdown shows it word for word, on one line. */
export const inline = (text: string): string =>
  text
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .replaceAll(SPECIAL, (character) => `\\${character}`)
    .replace(LEADING, (beginning) => (/^\d/.test(beginning) ? `${beginning}\\` : `\\${beginning}`));

/** A text of several lines as a quotation. */
export const quotation = (text: string): string =>
  text
    .trim()
    .split(/\r?\n/)
    .map((line) => `> ${inline(line)}`.trimEnd())
    .join('\n');

/** An id, a path or a call as it is to be typed. */
export function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `${fence}${text}${fence}` : `${fence} ${text} ${fence}`;
}

/** A heading with a list below it; nothing where there is nothing to list. */
export const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`## ${title}`, lines.join('\n')];

/** A document of blocks. */
export const page = (blocks: readonly string[]): string => `${blocks.join('\n\n')}\n`;

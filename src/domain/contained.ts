/** A fence, alone on its line or first in a point of a list; of backticks no more may follow on that line. */
const FENCE = /^( *(?:(?:[-*+]|\d{1,9}[.)]) +)*)(`{3,}(?!.*`)|~{3,})/;

type Fence = Readonly<{ column: number; mark: string; end: RegExp }>;

/**
 * The lines of a text that somebody wrote as Markdown, to stand inside another: lists, code and emphasis as they were
 * meant, without what would reach beyond the text. A heading, a tick box, a quotation, HTML and the target of a link show
 * word for word, and a fence ends with the text that it began in.
 */
export function contained(text: string): readonly string[] {
  const lines: string[] = [];
  let fence: Fence | undefined;
  for (const line of dedented(text)) {
    const step: Step = fence === undefined ? outside(line, lines.at(-1) ?? '') : inside(fence, line);
    lines.push(...step.lines);
    fence = step.fence;
  }
  return fence === undefined ? lines : [...lines, closing(fence)];
}

/** What a line becomes, and the fence that is open after it. */
type Step = Readonly<{ lines: readonly string[]; fence: Fence | undefined }>;

const inside = (fence: Fence, line: string): Step =>
  fence.end.test(line) ? { lines: [closing(fence)], fence: undefined } : { lines: [within(fence, line)], fence };

/** After an empty line even a fence that is indented too far to be one holds nothing but code. */
function outside(line: string, before: string): Step {
  const fence = fenceIn(line);
  if (fence === undefined) return { lines: [tamed(line)], fence };
  return { lines: before === '' ? [line] : ['', line], fence };
}

/** Without empty lines around it, without what indents all of it, and without what no terminal should obey. */
function dedented(text: string): readonly string[] {
  const lines = text.split(/\r\n?|\n/).map((line) =>
    line
      .replace(/^[\s\-*+\d.)]*/, (lead) => lead.replaceAll('\t', '    '))
      .replaceAll(/[^\P{Cc}\t]/gu, ' ')
      .trimEnd(),
  );
  const first = lines.findIndex((line) => line !== '');
  const said = first < 0 ? [] : lines.slice(first, lines.findLastIndex((line) => line !== '') + 1);
  const indents = said.flatMap((line) => (line === '' ? [] : [line.search(/[^ ]/)]));
  const least = indents.reduce((one, other) => Math.min(one, other), Number.MAX_SAFE_INTEGER);
  return said.map((line) => line.slice(least));
}

function fenceIn(line: string): Fence | undefined {
  const [, before = '', mark = ''] = FENCE.exec(line) ?? [];
  if (mark === '') return undefined;
  return { column: before.length, mark, end: new RegExp(`^\\s*[${mark.charAt(0)}]{${mark.length},}$`) };
}

const closing = ({ column, mark }: Fence) => `${' '.repeat(column)}${mark}`;

/** A line that began further to the left would end the point of a list that the fence is in, and the fence with it. */
function within({ column }: Fence, line: string): string {
  const missing = column - Math.max(0, line.search(/[^ ]/));
  return line === '' || missing <= 0 ? line : `${' '.repeat(missing)}${line}`;
}

/** What makes a heading of the line before it. */
const UNDERLINE = /^( *)([-=]+)$/;
/** What is in front of the words of a line: the marks of lists. */
const MARKS = /^ *(?:(?:[-*+]|\d{1,9}[.)])(?: +|$))*/;
/** What makes something else of the words after it: a heading, a quotation, a box or a target of a link, a fence. */
const LEADING = /^(?:#{1,6}(?= |$)|[-=]+$|>|\[|~{3})/;

function tamed(tabbed: string): string {
  const line = tabbed.replaceAll('\t', '    ');
  if (UNDERLINE.test(line)) return line.replace(UNDERLINE, '$1\\$2');
  const [marks = ''] = MARKS.exec(line) ?? [];
  const words = line.slice(marks.length);
  return `${marks}${LEADING.test(words) ? '\\' : ''}${withoutHtml(words)}`;
}

/** What is escaped, code in a line, backticks that nothing closes in it, and what HTML begins with. */
const TOKEN = /\\.|(`+)(?:[^`]|[^`].*?[^`])\1(?!`)|`+|<(?=[a-z/!?])/gi;

const withoutHtml = (words: string) =>
  words.replaceAll(TOKEN, (token, ticks?: string) =>
    ticks !== undefined || token.startsWith('\\') ? token : token.replaceAll(/./g, '\\$&'),
  );

/** Lines for a terminal: at most 100 columns, coloured only where somebody looks. */
const COLUMNS = 100;
const INDENT = 5;
/** Characters of an argument that are shown. */
const SHOWN = 36;

const isTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (code: number) => (text: string) => (isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const cyan = paint(36);

export const line = (text: string) => console.log(text);
export const heading = (text: string) => console.log(`\n${bold(cut(text, COLUMNS))}`);

/** A text of several lines as it stands, but for what is too wide. */
export function quoted(text: string): void {
  for (const one of text.trimEnd().split('\n')) console.log(cut(one, COLUMNS));
}

/** What an agent does. */
export const said = (who: string, what: string) => console.log(`${cyan(who)}  ${cut(what, COLUMNS - who.length - 2)}`);

/** A call with its arguments, each cut short. */
export function called(who: string, tool: string, input: Readonly<Record<string, unknown>>): void {
  const shown = Object.entries(input).map(([name, value]) => `${name}: ${cut(asText(value), SHOWN)}`);
  said(who, [tool, shown.join(', ')].filter(Boolean).join('  '));
}

/** A part of a reply under its name; a list takes a line for each of its values. */
export function field(name: string, value: unknown): void {
  const values = Array.isArray(value) && value.length > 0 ? value : [value];
  for (const [index, one] of values.entries()) {
    const label = index === 0 ? name : ' '.repeat(name.length);
    console.log(`${' '.repeat(INDENT)}${dim(label)}  ${cut(asText(one), COLUMNS - INDENT - label.length - 2)}`);
  }
}

const asText = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '(absent)'));

/** Cut by code points, so that no character is split. */
function cut(text: string, length: number): string {
  const points = [...text.replaceAll('\n', ' ')];
  return points.length <= length ? points.join('') : `${points.slice(0, length - 1).join('')}…`;
}

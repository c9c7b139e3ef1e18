/** Lines of a name and what there is to say about it, one below the other. */
export function aligned(rows: readonly (readonly [name: string, said: string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, said]) => `${name.padEnd(width)}  ${said}`.trimEnd()).join('\n');
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

export function size(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** power;
  return `${power === 0 ? amount : amount.toFixed(amount < 10 ? 1 : 0)} ${UNITS[power]}`;
}

export const counted = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** What comes from a store may hold what a terminal would obey; lines stay lines. */
export const harmless = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  text.replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '\uFFFD');

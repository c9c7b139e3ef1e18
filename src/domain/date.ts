/**
 * A day that there is, alone or with a moment of it and its time zone. JavaScript takes the 30th of February for the 2nd of
 * March; a person who writes it made a slip.
 */
export function isDate(text: string): boolean {
  const isSpeltSo = /^\d{4}-\d{2}-\d{2}(T.+(Z|[+-]\d{2}:\d{2}))?$/.test(text) && !Number.isNaN(Date.parse(text));
  const day = text.slice(0, 10);
  return isSpeltSo && new Date(day).toISOString().startsWith(day);
}

/** Back-ports of the fix: within these minor versions, from this patch on. */
const FIXED_SINCE = new Map([
  [44, 6],
  [50, 7],
  [51, 3],
]);

/**
 * Whether this version of SQLite can lose commits or damage a file in write-ahead mode when two connections write and
 * checkpoint at the same instant (https://sqlite.org/wal.html#walresetbug): 3.7.0 to 3.51.2, but for the back-ports.
 */
export function hasWalResetBug(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major !== 3 || minor < 7 || minor > 51) return false;
  return patch < (FIXED_SINCE.get(minor) ?? Number.POSITIVE_INFINITY);
}

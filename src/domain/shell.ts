/** A path as one word of a command that somebody copies into a shell. */
export function inShell(path: string): string {
  if (/^[\w@%+=:,./-]+$/.test(path)) return path;
  return /^[a-z]:\\|^\\\\/i.test(path) ? `"${path}"` : `'${path.replaceAll("'", "'\\''")}'`;
}

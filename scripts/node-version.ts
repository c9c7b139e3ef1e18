/** Stops where Node is too old, before anything native is loaded: on Node 20 the SQLite driver would crash the process without a word. */
const OLDEST = [22, 14] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(`Node ${OLDEST.join('.')} or later is needed; this is ${process.versions.node}.`);
  console.error('Inside the repository use "npm run" or "npx": they use the Node that npm ci installed.');
  process.exit(1);
}

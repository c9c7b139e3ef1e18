import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ForeignTool } from '../../../application/exchange/foreign.ts';
import { invalid } from '../../../domain/errors.ts';
import { ifThere } from '../../file-errors.ts';
import { type Located, present } from '../place.ts';

/** Bytes at the beginning of a file by which it is known; two long descriptions have room in them. */
const HEAD = 64 * 1024;

/** The first that holds of the beginning of a file tells what wrote it. */
const SIGNS: readonly Readonly<{ tool: ForeignTool; sign: RegExp }>[] = [
  { tool: 'python', sign: /^SQLite format 3\0/ },
  { tool: 'github', sign: /^\s*\[\s*\{(?=.*"number"\s*:\s*\d).*"title"\s*:/s },
  { tool: 'task-master', sign: /"tasks"\s*:\s*\[\s*\{[^{}]*"title"\s*:/ },
  { tool: 'shrimp', sign: /"tasks"\s*:\s*\[\s*\{[^{}]*"name"\s*:/ },
  { tool: 'beads', sign: /^\s*\{(?=[^\n]*"id"\s*:)(?=[^\n]*"title"\s*:)[^\n]*"(?:status|issue_type|priority)"\s*:/ },
  { tool: 'checklist', sign: /^\s*(?:[-*+]|\d+[.)])\s+\[[ xX]\]\s+\S/m },
];

const NAMES: Readonly<Record<ForeignTool, string>> = {
  python: 'a database, perhaps of the Python orchestrator',
  'task-master': 'a tasks.json of Task Master',
  shrimp: 'a tasks.json of Shrimp Task Manager',
  backlog: 'a folder of Backlog.md',
  beads: 'an export of beads',
  github: 'a list of GitHub issues',
  checklist: 'a Markdown checklist',
};

/** Which other tool a file or folder seems to be from; undefined where it looks like none. */
export async function seemingTool(at: Located): Promise<ForeignTool | undefined> {
  if ((await present(at)).isDirectory()) return (await holdsBacklog(at.path)) ? 'backlog' : undefined;
  const head = await headOf(at.path);
  if (/^\s*\{"format"\s*:/.test(head)) return undefined;
  return SIGNS.find(({ sign }) => sign.test(head))?.tool;
}

/** What is said of a file that is of another tool than was expected. */
export const inOtherWords = (tool: ForeignTool) => ({
  looks: `it looks like ${NAMES[tool]}`,
  suggestion: `Repeat with from_tool: ${tool}`,
});

/** Refuses as an export of ours what looks like a file of another tool, naming that one. */
export async function refuseForeign(at: Located): Promise<void> {
  const seeming = await seemingTool(at);
  if (seeming === undefined) return;
  const { looks, suggestion } = inOtherWords(seeming);
  throw invalid(`${at.shown} is no export: ${looks}`, { suggestion });
}

async function holdsBacklog(folder: string): Promise<boolean> {
  const [own, tasks] = await Promise.all([folder, join(folder, 'tasks')].map((path) => ifThere(readdir(path))));
  const isTask = (name: string) => /^[a-z]+-\d.*\.md$/i.test(name);
  return own?.includes('tasks.jsonl') !== true && [...(own ?? []), ...(tasks ?? [])].some(isTask);
}

async function headOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    const bytes = buffer.subarray(0, bytesRead);
    return bytes.toString(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf16le' : 'utf8').replace(/^\uFEFF/, '');
  } finally {
    await file.close();
  }
}

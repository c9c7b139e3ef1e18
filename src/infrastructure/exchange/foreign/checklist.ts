import type { ForeignProject, ForeignTask } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import type { Located } from '../place.ts';
import { fences } from './fences.ts';
import { named, telling, textAt } from './reading.ts';

const HEADING = /^ {0,3}(#{1,6})\s+(.+?)(?:\s+#+)?\s*$/;
/** A mark in a box is no letter or digit but x: `[1]` and `[a]` are references. */
const ENTRY = /^(\s*)(?:[-*+]|\d+[.)])\s+\[([^\]\p{L}\p{N}]|[xX])\]\s+(.+)$/u;
/** A point of a list without a box. */
const POINT = /^(\s*)(?:[-*+]|\d+[.)])\s+\S/;

const STAGES: Readonly<Record<string, Stage>> = {
  ' ': 'ready',
  x: 'completed',
  X: 'completed',
  '/': 'active',
  '-': 'cancelled',
};

/** A task or heading that others may lie below. Headings rank above all tasks. */
type Above = Readonly<{ rank: number; origin: string; title: string; isHeading: boolean }>;

/** A Markdown file with tick boxes: what is indented is a subtask, a heading over tasks is their parent. */
export async function readChecklist(at: Located): Promise<ForeignProject> {
  const { tell, told } = telling();
  const reader = readerOf(tell);
  const { isCode } = fences();
  const passed: number[] = [];
  for (const [index, line] of (await textAt(at)).replaceAll('\t', '    ').split(/\r?\n/).entries()) {
    const isTaken = isCode(line) ? reader.takeText(line) : reader.take(line);
    if (!isTaken && line.trim() !== '') passed.push(index + 1);
  }
  if (passed.length === 1) tell(`1 line belongs to no task: line ${passed[0]}`);
  if (passed.length > 1) tell(`${passed.length} lines belong to no task: lines ${named(passed.map(String))}`);
  return { scope: at.shown, tasks: reader.tasks(), lost: told() };
}

function readerOf(tell: (sentence: string) => void) {
  const tasks = new Map<string, ForeignTask>();
  let above: readonly Above[] = [];

  /** What it is called: the way to it in words, since nothing else stays the same when lines move. */
  const originOf = (title: string) => {
    const way = [...above.map((one) => one.title), title].join(' / ').slice(0, 400);
    let origin = way;
    for (let copy = 2; tasks.has(origin); copy++) origin = `${way} (${copy})`;
    return origin;
  };

  /** Headings become tasks only once there is a task below them. */
  const makeHeadings = () => {
    for (const [index, { origin, title, isHeading }] of above.entries()) {
      if (!isHeading || tasks.has(origin)) continue;
      tasks.set(origin, { origin, title, type: 'plan', stage: 'ready', parent: above[index - 1]?.origin });
    }
  };

  const takeHeading = (level: number, title: string) => {
    above = above.filter((one) => one.isHeading && one.rank < level);
    const way = [...above.map((one) => one.title), title].join(' / ').slice(0, 400);
    above = [...above, { rank: level, origin: `# ${way}`, title, isHeading: true }];
  };

  const takeEntry = (indent: number, { mark, title }: Readonly<{ mark: string; title: string }>) => {
    above = above.filter((one) => one.isHeading || one.rank < indent);
    makeHeadings();
    const origin = originOf(title);
    const stage = STAGES[mark];
    if (stage === undefined) tell(`${origin} has the mark [${mark}], which means nothing here; it is ready`);
    tasks.set(origin, { origin, title, stage: stage ?? 'ready', parent: above.at(-1)?.origin });
    above = [...above, { rank: indent, origin, title, isHeading: false }];
  };

  /** Indented text below a task tells more about it. */
  const takeText = (line: string): boolean => {
    const last = above.at(-1);
    const task = last === undefined ? undefined : tasks.get(last.origin);
    const isBelow = last !== undefined && !last.isHeading && /^\s+\S/.test(line) && line.search(/\S/) > last.rank;
    if (task === undefined || !isBelow) return false;
    const text = line.slice(Math.min(line.search(/\S/), last.rank + 2)).trimEnd();
    tasks.set(task.origin, { ...task, description: [task.description, text].filter(Boolean).join('\n') });
    return true;
  };

  /** A point beside or above a task ends what lies below that task. */
  const passPoint = (indent: number) => {
    above = above.filter((one) => one.isHeading || one.rank < indent);
  };

  return {
    /** Whether the line says something about a task. */
    take(line: string): boolean {
      const [, marks = '', heading] = HEADING.exec(line) ?? [];
      if (heading !== undefined) takeHeading(marks.length, heading);
      const [, indent = '', mark = ' ', title] = ENTRY.exec(line) ?? [];
      if (title !== undefined) takeEntry(indent.length, { mark, title: title.trim() });
      if (heading !== undefined || title !== undefined || takeText(line)) return true;
      const [, before] = POINT.exec(line) ?? [];
      if (before !== undefined) passPoint(before.length);
      return false;
    },
    takeText,
    tasks: () => [...tasks.values()],
  };
}

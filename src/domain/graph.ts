import type { Dependency, DependencyType } from './dependencies.ts';
import type { Stage } from './lifecycle.ts';
import { cut, type Task } from './task.ts';

export type GraphTask = Pick<Task, 'id' | 'parentId' | 'title' | 'stage'>;
export type GraphEdge = Pick<Dependency, 'taskId' | 'prerequisiteId' | 'type'>;

/** What Mermaid draws at most, wherever nobody has set it otherwise; of more it draws nothing. */
export const MERMAID_DRAWS = { arrows: 500, characters: 50_000 } as const;

/** Longer titles make the boxes unreadable. */
const LABEL_LENGTH = 80;

const ARROWS = {
  completion: '-->',
  data: '-. data .->',
  approval: '-- approval -->',
} as const satisfies Record<DependencyType, string>;

const COLOURS = {
  draft: 'fill:#f8f9fa,stroke:#adb5bd,color:#495057',
  ready: 'fill:#e7f5ff,stroke:#339af0,color:#0b3d66',
  active: 'fill:#fff3bf,stroke:#f08c00,color:#5c3700',
  blocked: 'fill:#ffe3e3,stroke:#e03131,color:#5c0d0d',
  review: 'fill:#f3f0ff,stroke:#7950f2,color:#2f1a70',
  completed: 'fill:#d3f9d8,stroke:#2f9e44,color:#0f3d1a',
  failed: 'fill:#ffc9c9,stroke:#c92a2a,color:#5c0d0d',
  cancelled: 'fill:#e9ecef,stroke:#868e96,color:#495057',
  archived: 'fill:#e9ecef,stroke:#868e96,color:#495057',
  superseded: 'fill:#e9ecef,stroke:#868e96,color:#495057',
} as const satisfies Record<Stage, string>;

/**
 * Tasks and what they wait for as a Mermaid flowchart: a task with subtasks is a box around them, an arrow leads
 * from a prerequisite to what waits for it, and the stage is a class; those of `critical` have a bold frame.
 * The same tasks give the same text.
 */
export function mermaid(
  tasks: readonly GraphTask[],
  edges: readonly GraphEdge[],
  critical: readonly string[] = [],
): string {
  const known = new Map(tasks.map((task) => [task.id, task]));
  const children = Map.groupBy(tasks, ({ parentId }) =>
    parentId !== undefined && known.has(parentId) ? parentId : '',
  );
  const stages = [...new Set(tasks.map(({ stage }) => stage))].toSorted();
  return [
    'flowchart TD',
    ...boxes('', { children, indent: '  ' }),
    ...edges.filter((edge) => isDrawn(edge, known)).map((edge) => `  ${arrow(edge)}`),
    ...stages.map((stage) => `  classDef ${stage} ${COLOURS[stage]}`),
    ...stages.map((stage) => `  class ${nodes(tasks, stage)} ${stage}`),
    ...bold(critical.filter((id) => known.has(id))),
    '',
  ].join('\n');
}

type Nesting = Readonly<{ children: ReadonlyMap<string, readonly GraphTask[]>; indent: string }>;

function boxes(parentId: string, { children, indent }: Nesting): readonly string[] {
  return (children.get(parentId) ?? []).flatMap((task) => {
    const box = `${node(task.id)}["${label(task.title)}"]`;
    if (!children.has(task.id)) return [`${indent}${box}`];
    const inside = boxes(task.id, { children, indent: `${indent}  ` });
    return [`${indent}subgraph ${box}`, ...inside, `${indent}end`];
  });
}

const arrow = ({ prerequisiteId, taskId, type }: GraphEdge) =>
  `${node(prerequisiteId)} ${ARROWS[type]} ${node(taskId)}`;

const bold = (ids: readonly string[]) =>
  ids.length === 0 ? [] : ['  classDef critical stroke-width:4px', `  class ${ids.map(node).join(',')} critical`];

const nodes = (tasks: readonly GraphTask[], stage: Stage) =>
  tasks
    .filter((task) => task.stage === stage)
    .map(({ id }) => node(id))
    .join(',');

/** Mermaid fails on an arrow between a box and what lies inside it; a parent waits for its subtasks anyway. */
function isDrawn({ taskId, prerequisiteId }: GraphEdge, known: ReadonlyMap<string, GraphTask>): boolean {
  const areKnown = known.has(taskId) && known.has(prerequisiteId);
  return areKnown && !isInside(taskId, prerequisiteId, known) && !isInside(prerequisiteId, taskId, known);
}

function isInside(id: string, outer: string, known: ReadonlyMap<string, GraphTask>): boolean {
  const passed = new Set<string>();
  for (let at: string | undefined = id; at !== undefined && !passed.has(at); at = known.get(at)?.parentId) {
    if (at === outer) return true;
    passed.add(at);
  }
  return false;
}

/** An id could begin with one of Mermaid's own words, such as `end` or `style`. */
const node = (id: string) => `t_${id.replaceAll(/\W/g, '_')}`;

/**
 * What Mermaid, the Markdown that it reads in a label, or the page around it would read as something else than text. A line
 * that holds `direction LR` anywhere sets a direction.
 */
const SPECIAL =
  /[#%&<>"`;{}\\*~[@$]|(?<![^\W_])_|_(?![^\W_])|:(?=\/\/)|(?<=www)\.|^[-+]|(?<=^\d+)[.)]|(?<=direction) (?=TB|BT|RL|LR|TD)/gi;

const label = (title: string) =>
  cut(title.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim(), LABEL_LENGTH).replaceAll(
    SPECIAL,
    (character) => `#${character.charCodeAt(0)};`,
  );

import type { GraphEdge, GraphTask } from './graph.ts';
import { cut } from './task.ts';

const LABEL_LENGTH = 80;

const STYLES = {
  completion: '',
  data: 'style=dashed,label="data"',
  approval: 'style=dotted,label="approval"',
} as const;

/** Tasks and what they wait for; those of `critical` are drawn bold. */
type Drawn = Readonly<{ tasks: readonly GraphTask[]; edges: readonly GraphEdge[]; critical: ReadonlySet<string> }>;

/**
 * Tasks and what they wait for in the language of Graphviz: a task with subtasks is a frame around them and a folder in
 * it, since an arrow cannot end at a frame; an arrow leads from a prerequisite to what waits for it.
 */
export function dot({ tasks, edges, critical }: Drawn): string {
  const known = new Set(tasks.map(({ id }) => id));
  const children = Map.groupBy(tasks, ({ parentId }) =>
    parentId !== undefined && known.has(parentId) ? parentId : '',
  );
  return [
    'digraph tasks {',
    '  rankdir=LR;',
    '  node [shape=box,style=rounded];',
    ...boxes('', { children, critical, indent: '  ' }),
    ...edges.filter((edge) => known.has(edge.taskId) && known.has(edge.prerequisiteId)).map(arrow),
    '}',
    '',
  ].join('\n');
}

type Nesting = Readonly<{
  children: ReadonlyMap<string, readonly GraphTask[]>;
  critical: ReadonlySet<string>;
  indent: string;
}>;

function boxes(parentId: string, { children, critical, indent }: Nesting): readonly string[] {
  return (children.get(parentId) ?? []).flatMap((task) => {
    if (!children.has(task.id)) return [`${indent}${node(task, { isBold: critical.has(task.id) })}`];
    return [
      `${indent}subgraph ${quoted(`cluster_${task.id}`)} {`,
      `${indent}  ${node(task, { isFolder: true })}`,
      ...boxes(task.id, { children, critical, indent: `${indent}  ` }),
      `${indent}}`,
    ];
  });
}

function node({ id, title, stage }: GraphTask, { isBold = false, isFolder = false }): string {
  const shape = `${isFolder ? ',shape=folder' : ''}${isBold ? ',penwidth=3' : ''}`;
  return `${quoted(id)} [label=${label(title)},class=${quoted(stage)}${shape}];`;
}

function arrow({ prerequisiteId, taskId, type }: GraphEdge): string {
  const style = STYLES[type];
  return `  ${quoted(prerequisiteId)} -> ${quoted(taskId)}${style === '' ? '' : ` [${style}]`};`;
}

/** In quotes only a quotation mark ends a string; a backslash before it would keep it from that. */
const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** A label also knows `\n` and its like, and entities of HTML; a title is neither. */
const label = (title: string) =>
  quoted(cut(title.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim(), LABEL_LENGTH)).replaceAll('&', '&amp;');

import { expect } from 'vitest';
import type { DependencyType } from '../../src/domain/dependencies.ts';
import type { Body } from '../harness.ts';
import { hasCircle } from './circle.ts';
import { type Expected, isAnothers, type Of, picked, type Request, refused, type Scene, shown } from './scene.ts';
import { addPiece, followChildren, hasEnded, type Piece, refresh, type World } from './world.ts';

/** A template with a step for each part, one that may be left out, and one that lies below another. */
export const TEMPLATE = {
  id: 'small_v1',
  content: `
id: small_v1
parameters:
  parts: { type: array, items: string, default: [] }
  careful: { type: boolean, default: false }
root: { title: Something small }
tasks:
  - { key: design, title: Design, specialist_type: implementer }
  - { key: part, for_each: parts, title: "Make {{ item }}", depends_on: [design] }
  - { key: check, when: careful, title: Check, specialist_type: tester, priority: high, depends_on: [part] }
  - key: ship
    title: Ship
    depends_on: [check, { key: design, type: data }]
    children:
      - { key: announce, title: Announce }
`,
} as const;

type Row = Readonly<{ title: string; specialist?: string; priority?: number; below?: string }>;
type Wait = Readonly<{ task: string; prerequisite: string; type: DependencyType }>;
type Drawn = Readonly<{ rows: readonly Row[]; waits: readonly Wait[] }>;

/** What the template makes, written down by hand: who depended on a step that is left out waits for what that waited for. */
function drawn({ parts, isCareful }: Pick<Of<'instantiate'>, 'parts' | 'isCareful'>): Drawn {
  const made = Array.from({ length: parts }, (_, place) => `Make part ${place}`);
  const afterDesign = made.length > 0 ? made : ['Design'];
  const beforeShip = isCareful ? ['Check'] : afterDesign;
  const after = (task: string, prerequisites: readonly string[], type: DependencyType = 'completion') =>
    prerequisites.map((prerequisite) => ({ task, prerequisite, type }));
  return {
    rows: [
      { title: 'Design', specialist: 'implementer' },
      ...made.map((title) => ({ title })),
      ...(isCareful ? [{ title: 'Check', specialist: 'tester', priority: 2 }] : []),
      { title: 'Ship' },
      { title: 'Announce', below: 'Ship' },
    ],
    waits: [
      ...made.flatMap((title) => after(title, ['Design'])),
      ...(isCareful ? after('Check', afterDesign) : []),
      ...after('Ship', beforeShip),
      ...after('Ship', ['Design'], 'data'),
    ],
  };
}

const ROOT = 'Something small';

export function instantiating(scene: Scene, call: Of<'instantiate'>): Expected {
  const { world } = scene;
  const above = call.parent === undefined ? undefined : picked(world, call.parent);
  const claim = above === undefined ? {} : shown(world, above.id, call.shows);
  const parts = Array.from({ length: call.parts }, (_, place) => `part ${place}`);
  const request: Request = {
    tool: 'create_from_template',
    args: {
      template_id: TEMPLATE.id,
      parameters: { parts, careful: call.isCareful },
      dry_run: call.isDry,
      ...(above !== undefined && { parent_task_id: above.id }),
      ...claim,
    },
  };
  if (above !== undefined && isAnothers(scene, above, claim)) return refused(request, 'conflict');
  if (above !== undefined && (hasEnded(above) || above.type === 'approval')) return refused(request, 'refused');
  const made = drawn(call);
  const tried = structuredClone(world);
  add(tried, { made, above, idOf: (title) => title });
  expect(hasCircle(tried)).toBe(false);
  const follow = (reply: Body) => {
    expect(reply.template_instantiated).toBe(!call.isDry);
    if (call.isDry) return;
    const ids = new Map<string, string>(reply.tasks_created.map((one: Body) => [one.title, one.task_id]));
    add(world, { made, above, idOf: (title) => ids.get(title) ?? `no ${title}` });
    if (above === undefined) return;
    world.holds.delete(above.id);
    refresh(world);
    followChildren(world, above.id, 'ready');
  };
  const check = (reply: Body) => {
    const titles = reply.tasks_created.map((one: Body) => one.title);
    expect(titles.toSorted()).toEqual([ROOT, ...made.rows.map(({ title }) => title)].toSorted());
  };
  return { ...request, follow, check };
}

type Added = Readonly<{ made: Drawn; above: Piece | undefined; idOf(title: string): string }>;

function add(world: World, { made, above, idOf }: Added): void {
  const priority = above?.priority ?? 1;
  const template = TEMPLATE.id;
  addPiece(world, { id: idOf(ROOT), parent: above?.id, type: 'plan', priority, template });
  for (const row of made.rows) {
    const type = row.specialist === undefined ? 'custom' : 'specialist_task';
    const parent = idOf(row.below ?? ROOT);
    const { specialist } = row;
    addPiece(world, { id: idOf(row.title), parent, type, specialist, priority: row.priority ?? priority, template });
  }
  for (const { task, prerequisite, type } of made.waits) {
    world.edges.push({ task: idOf(task), prerequisite: idOf(prerequisite), type, verdict: undefined });
  }
  refresh(world);
}

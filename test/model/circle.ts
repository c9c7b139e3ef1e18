import { ancestors, children, edgesOf, type World } from './world.ts';

/** Whether the graph of what waits for what has a way round, once these edges are in it. */
export function hasCircle(world: World): boolean {
  // What was deleted holds nothing up, until it comes back.
  const waitsFor = (id: string): readonly string[] => {
    const one = world.pieces.get(id);
    if (one === undefined) return [];
    const above = [one, ...ancestors(world, one)].flatMap((each) => edgesOf(world, each.id));
    return [...above.map(({ prerequisite }) => prerequisite), ...children(world, id).map((child) => child.id)];
  };
  return [...world.pieces.keys()].some((start) => {
    const seen = new Set<string>();
    const left = [...waitsFor(start)];
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      if (id === start) return true;
      if (seen.has(id)) continue;
      seen.add(id);
      left.push(...waitsFor(id));
    }
    return false;
  });
}

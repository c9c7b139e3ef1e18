import { descendants, followChildren, leave, move, type Piece, piece, refresh, type World } from './world.ts';

/** Deletes a task with all that lies below it: who works on any of it works no more, and the parent has one subtask less. */
export function discard(world: World, id: string): readonly string[] {
  const top = piece(world, id);
  const family = [top, ...descendants(world, id)];
  for (const one of family) {
    if (!world.holds.delete(one.id)) continue;
    if (one.stage === 'active') move(world, one.id, 'ready');
  }
  for (const one of family) {
    world.pieces.delete(one.id);
    world.appeared.delete(one.id);
    world.trash.set(one.id, { one, root: id, isOrphan: false });
    one.offeredSince = undefined;
  }
  refresh(world);
  if (top.parent !== undefined) leave(world, piece(world, top.parent));
  return family.map((one) => one.id);
}

export const deletedWith = (world: World, root: string): readonly Piece[] =>
  [...world.trash.values()].filter((deleted) => deleted.root === root).map(({ one }) => one);

/** Everything that was deleted with a task comes back to where it was, in the order in which all was made. */
export function bringBack(world: World, root: string): void {
  const top = world.trash.get(root)?.one;
  for (const one of deletedWith(world, root)) {
    world.trash.delete(one.id);
    world.pieces.set(one.id, one);
  }
  world.pieces = new Map([...world.pieces].toSorted(([, a], [, b]) => a.born - b.born));
  if (top?.parent !== undefined) world.holds.delete(top.parent);
  refresh(world);
  if (top?.parent !== undefined) followChildren(world, top.parent, top.stage);
}

/** What was deleted with a task is gone for good, and so is every edge that it had or that led to it. */
export function purge(world: World, root: string): void {
  const gone = new Set(deletedWith(world, root).map(({ id }) => id));
  world.edges = world.edges.filter(({ task, prerequisite }) => !gone.has(task) && !gone.has(prerequisite));
  for (const id of gone) {
    world.trash.delete(id);
    world.purged.add(id);
  }
  for (const deleted of world.trash.values()) {
    if (deleted.one.parent === undefined || !gone.has(deleted.one.parent)) continue;
    deleted.one.parent = undefined;
    deleted.isOrphan = true;
  }
  refresh(world);
}

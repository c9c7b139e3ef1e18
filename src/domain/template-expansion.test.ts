import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TemplateTask } from './template.ts';
import { expand } from './template-expansion.ts';

const task = (key: string, more: Partial<TemplateTask> = {}): TemplateTask => ({ key, title: key, ...more });
const waitingFor = (...keys: string[]) => ({ dependsOn: keys.map((key) => ({ key, type: 'completion' as const })) });
const expanded = (tasks: readonly TemplateTask[], values = {}) => {
  const { instances, edges } = expand({ id: 'a', tasks }, values);
  const name = (place: number) => instances[place]?.name;
  return { names: instances.map((one) => one.name), waits: edges.map(({ from, to }) => `${name(from)} < ${name(to)}`) };
};

describe('for_each', () => {
  test('makes a task of each member, and what depends on its key waits for all of them', () => {
    const { names, waits } = expanded([task('build', { forEach: 'modules' }), task('ship', waitingFor('build'))], {
      modules: ['a', 'b'],
    });

    expect(names).toEqual(['build.1', 'build.2', 'ship']);
    expect(waits).toEqual(['ship < build.1', 'ship < build.2']);
  });

  test('keeps apart what belongs to different members', () => {
    const children = [task('write'), task('check', waitingFor('write'))];
    const { waits } = expanded([task('part', { forEach: 'modules', children }), task('ship', waitingFor('check'))], {
      modules: ['a', 'b'],
    });

    expect(waits).toEqual(['check.1 < write.1', 'check.2 < write.2', 'ship < check.1', 'ship < check.2']);
  });

  test('goes through lists inside the members', () => {
    const { names } = expanded(
      [task('part', { forEach: 'modules', children: [task('file', { forEach: 'item.files' })] })],
      { modules: [{ files: ['x', 'y'] }, { files: [] }, { files: ['z'] }] },
    );

    expect(names).toEqual(['part.1', 'file.1.1', 'file.1.2', 'part.2', 'part.3', 'file.3.1']);
  });

  test('of what is no list is refused', () => {
    expect(() => expanded([task('part', { forEach: 'module' })], { module: 'ui' })).toThrow(/module is no list/);
  });
});

test('a condition that compares what cannot be compared is refused with its task', () => {
  expect(() => expanded([task('part', { when: 'size > 3' })], { size: 'x' })).toThrow(/^part.when: "x" and 3 cannot/);
});

test('a condition over as many members as there may be is asked in little time', () => {
  const when = Array.from({ length: 70 }, () => 'item == 9').join(' or ');
  const members = Array.from({ length: 9_999 }, (_, place) => place + 10);
  const began = performance.now();

  const { names } = expanded([task('part', { forEach: 'members', when })], { members });

  expect(names).toEqual([]);
  expect(performance.now() - began).toBeLessThan(1_000);
});

describe('what waits for a task that is left out', () => {
  test('is the task above it, once nothing is left below that one', () => {
    const group = task('group', { children: [task('inner', { when: 'false', ...waitingFor('design') })] });

    expect(expanded([task('design'), group]).waits).toEqual(['group < design']);
  });

  test('is not the task above it as long as others lie there', () => {
    const children = [task('inner', { when: 'false', ...waitingFor('design') }), task('other')];

    expect(expanded([task('design'), task('group', { children })]).waits).toEqual([]);
  });

  test('by when inherits what it waited for', () => {
    const { names, waits } = expanded([
      task('design'),
      task('plan', { when: 'false', ...waitingFor('design') }),
      task('test', waitingFor('plan')),
    ]);

    expect(names).toEqual(['design', 'test']);
    expect(waits).toEqual(['test < design']);
  });

  test('by an empty list inherits what it waited for', () => {
    const { waits } = expanded(
      [
        task('design'),
        task('build', { forEach: 'modules', ...waitingFor('design') }),
        task('test', waitingFor('build')),
      ],
      { modules: [] },
    );

    expect(waits).toEqual(['test < design']);
  });

  test('waits for what lay inside it, too', () => {
    const children = [task('inner', waitingFor('design'))];
    const { waits } = expanded([
      task('design'),
      task('group', { when: 'false', children }),
      task('test', waitingFor('group')),
    ]);

    expect(waits).toEqual(['test < design']);
  });

  test('waits for what held back the group that it lay in', () => {
    const group = task('group', { ...waitingFor('design'), children: [task('inner', { when: 'false' })] });
    const { waits } = expanded([task('design'), group, task('test', waitingFor('inner'))]);

    expect(waits).toEqual(['group < design', 'test < design']);
  });

  test('inherits the type of the dependency that it takes over', () => {
    const dependsOn = [{ key: 'design', type: 'data' as const, artifactType: 'design' }];
    const tasks = [task('design'), task('plan', { when: 'false', dependsOn }), task('test', waitingFor('plan'))];

    expect(expand({ id: 'a', tasks }, {}).edges).toEqual([{ from: 1, to: 0, type: 'data', artifactType: 'design' }]);
  });
});

describe('a template that would make too many', () => {
  const members = Array.from({ length: 1_000 }, (_, index) => index);
  const nested = (depth: number, when?: string): TemplateTask =>
    task(`level_${depth}`, {
      forEach: 'members',
      ...(when !== undefined && { when }),
      ...(depth > 1 && { children: [nested(depth - 1, when)] }),
    });

  test('tasks by lists inside lists is refused at once', () => {
    expect(() => expanded([nested(20)], { members })).toThrow(/more than 500 tasks/);
  });

  test('steps although hardly any are wanted is refused at once', () => {
    const tasks = [task('top', { forEach: 'members', when: 'item < 100', children: [nested(1, 'item < 0')] })];

    expect(() => expanded(tasks, { members })).toThrow(/more than 10000 tasks/);
  });

  test('dependencies between two lists is refused', () => {
    const two = [task('one', { forEach: 'some' }), task('other', { forEach: 'some', ...waitingFor('one') })];

    expect(() => expanded(two, { some: members.slice(0, 200) })).toThrow(/more than 10000 dependencies/);
  });
});

/** Templates whose tasks wait only for what was named before them, apart from their own ancestors, so that there is no circle. */
type Shape = Readonly<{
  times: 'once' | 'each' | 'none';
  isWanted: boolean;
  waits: readonly number[];
  children: readonly Shape[];
}>;
const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.record({
    times: fc.constantFrom('once', 'once', 'each', 'none'),
    isWanted: fc.boolean(),
    waits: fc.array(fc.nat(30), { maxLength: 3 }),
    children: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant([]),
      fc.array(tie('shape'), { maxLength: 3 }),
    ),
  }),
}));

function built(shapes: readonly Shape[]): readonly TemplateTask[] {
  const finished: string[] = [];
  let count = 0;
  const build = ({ times, isWanted, waits, children }: Shape, depth: number): TemplateTask => {
    const key = `t${count++}`;
    const keys = [...new Set(waits.flatMap((place) => finished.slice(place % 7, (place % 7) + 1)))];
    const made = task(key, {
      ...(depth < 3 && times !== 'once' && { forEach: times === 'each' ? 'two' : 'nothing' }),
      ...(!isWanted && { when: 'false' }),
      ...waitingFor(...keys),
      children: depth < 3 ? children.map((child) => build(child, depth + 1)) : [],
    });
    finished.push(key);
    return made;
  };
  return shapes.map((one) => build(one, 0));
}

/** Every task that there could be, spelt by the way to it. */
type Ghost = Readonly<{ way: readonly string[]; entry: TemplateTask; isThere: boolean }>;
function ghosts(tasks: readonly TemplateTask[], above: Ghost | undefined): readonly Ghost[] {
  return tasks.flatMap((entry) => {
    const members =
      entry.forEach === undefined ? [''] : entry.forEach === 'two' && above?.isThere !== false ? ['1', '2'] : ['0'];
    return members.flatMap((member) => {
      const isThere = above?.isThere !== false && member !== '0' && entry.when === undefined;
      const ghost = { way: [...(above?.way ?? []), `${entry.key}#${member}`], entry, isThere };
      return [ghost, ...ghosts(entry.children ?? [], ghost)];
    });
  });
}
const isWithin = (inner: Ghost, outer: Ghost) => outer.way.every((step, index) => inner.way[index] === step);
const shared = (a: Ghost, b: Ghost) => a.way.findIndex((step, index) => b.way[index] !== step);

/** Of all tasks with a key, those that share the longest way with the one that names it. */
function meant(key: string, by: Ghost, all: readonly Ghost[]): readonly Ghost[] {
  const candidates = all.filter(({ entry }) => entry.key === key);
  const common = (one: Ghost) => {
    const length = shared(one, by);
    return Math.min(length < 0 ? one.way.length : length, by.way.length - 1);
  };
  const most = Math.max(...candidates.map(common));
  return candidates.filter((one) => common(one) === most);
}

/** Who does the work of a task that is not there: the one that lies nearest above it, if nothing is left below that one. */
function heirOf(one: Ghost, all: readonly Ghost[]): Ghost | undefined {
  const above = all.filter((other) => other.isThere && other !== one && isWithin(one, other));
  const [nearest] = above.toSorted((a, b) => b.way.length - a.way.length);
  const isLeaf = !all.some(
    (other) => nearest !== undefined && other.isThere && other !== nearest && isWithin(other, nearest),
  );
  return isLeaf ? nearest : undefined;
}

const waitsOf = (one: Ghost, all: readonly Ghost[]) =>
  (one.entry.dependsOn ?? []).flatMap(({ key }) => meant(key, one, all));
const waitsWithInherited = (one: Ghost, all: readonly Ghost[]) => [
  ...waitsOf(one, all),
  ...all.filter((other) => !other.isThere && heirOf(other, all) === one).flatMap((other) => waitsOf(other, all)),
];

/** What has to be done before a task begins, if all tasks that could be there were: the walk that tasks are then left out of. */
function before(one: Ghost, all: readonly Ghost[]): ReadonlySet<Ghost> {
  const found = new Set<Ghost>();
  const ahead = waitsWithInherited(one, all);
  for (let target = ahead.pop(); target !== undefined; target = ahead.pop()) {
    if (found.has(target)) continue;
    found.add(target);
    const [end, start] = [target, one];
    // It ends after what lies inside it, and begins after what it and those around it wait for.
    const inside = all.filter((other) => isWithin(other, end) && (other.isThere || !end.isThere));
    const around = all.filter((other) => other !== end && isWithin(end, other) && !isWithin(start, other));
    for (const other of inside) found.add(other);
    ahead.push(
      ...inside.flatMap((other) => waitsWithInherited(other, all)),
      ...around.flatMap((other) => waitsOf(other, all)),
    );
  }
  return found;
}

test('no task begins earlier than it would if nothing were left out, and nothing waits in a circle', () => {
  fc.assert(
    fc.property(fc.array(shape, { maxLength: 4 }), (shapes) => {
      const tasks = built(shapes);
      const all = ghosts(tasks, undefined);
      fc.pre(all.length <= 60);
      const there = all.filter(({ isThere }) => isThere);

      const { instances, edges } = expand({ id: 'a', tasks }, { two: ['x', 'y'], nothing: [] });

      expect(instances).toHaveLength(there.length);
      // Both lists are walks in depth over the same template.
      there.forEach((ghost, place) => {
        const wanted = new Set([...before(ghost, all)].filter(({ isThere }) => isThere));
        const reached = reachedFrom(place, { instances, edges });
        expect(new Set([...reached].map((to) => there[to]))).toEqual(wanted);
        expect(reached).not.toContain(place);
      });
    }),
    { numRuns: 500 },
  );
});

/** Places that have to be done before the one at a place can begin, along the edges that were made. */
function reachedFrom(place: number, { instances, edges }: ReturnType<typeof expand>): ReadonlySet<number> {
  const found = new Set<number>();
  const above = (of: number): number[] => {
    const parent = instances[of]?.parent;
    return parent === undefined ? [] : [parent, ...above(parent)];
  };
  const own = above(place);
  const ahead = edges.filter(({ from }) => from === place).map(({ to }) => to);
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    const around = above(next).filter((one) => !own.includes(one));
    const inside = instances.flatMap((one, index) => (one.parent === next ? [index] : []));
    const sources = [next, ...around];
    ahead.push(...inside, ...edges.filter(({ from }) => sources.includes(from)).map(({ to }) => to));
  }
  return found;
}

import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, type TestContext, test } from 'vitest';
import { TOOLS } from '../src/application/tools.generated.ts';
import type { Replaced } from '../src/compose.ts';
import {
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  type TestOrchestrator,
} from './harness.ts';

type Point = Parameters<NonNullable<Replaced['faults']>>[0];
const BEFORE_THE_COMMIT = ['begun', 'before_commit'] as const satisfies readonly Point[];

/** An orchestrator whose next transaction can be made to fail at a point of it. */
async function aFragileOne() {
  let fragile: Point | undefined;
  const failAt = (point: Point) => {
    fragile = point;
  };
  const faults = (point: Point) => {
    if (point !== fragile) return;
    fragile = undefined;
    throw new Error(`It broke when it had ${point}`);
  };
  const given = await anOrchestrator({ faults });
  return { ...given, failAt };
}

/** Every row of every table. */
function everything({ workspace }: Pick<TestOrchestrator, 'workspace'>): Record<string, unknown[]> {
  const database = new Sqlite(join(workspace, '.task_orchestrator/task_orchestrator.db'), { readonly: true });
  try {
    const tables = database.prepare("select name from sqlite_schema where type = 'table' order by 1").pluck().all();
    return Object.fromEntries(tables.map((name) => [name, database.prepare(`select * from ${name}`).all()]));
  } finally {
    database.close();
  }
}

/** A plan of two of which one is done, one that is done altogether, two tasks of no plan, and the ids that calls are made with. */
async function aWorkspace(given: TestOrchestrator) {
  const open = await aPlan(given, [aSubtask('Done'), aSubtask('Free', ['Done'])]);
  await given.call('complete_subtask', completion(open.id('Done')));
  const whole = await aPlan(given, [aSubtask('Only')]);
  await given.call('complete_subtask', completion(whole.id('Only')));
  const [loose, archived] = [await aGenericTask(given, 'Loose'), await aGenericTask(given, 'Archived')];
  await given.call('manage_lifecycle', { task_id: archived, lifecycle_stage: 'archived' });
  await given.call('save_template', { content: 'id: kept\nroot: { title: Kept }\n' });
  await given.call('export_workflow', { to: `all-${open.planId}.jsonl` });
  return {
    file: `all-${open.planId}.jsonl`,
    done: open.id('Done'),
    free: open.id('Free'),
    whole: whole.planId,
    loose,
    archived,
  };
}
type Ids = Awaited<ReturnType<typeof aWorkspace>>;

/** A call of each tool that writes, which changes something. */
const CALLS: Readonly<Record<string, (ids: Ids) => Body>> = {
  orchestrator_initialize_session: () => ({ agent_name: 'somebody' }),
  orchestrator_plan_task: ({ done, free }) => ({
    description: 'Another plan',
    subtasks_json: JSON.stringify([aSubtask('One'), aSubtask('Two', ['One', done])]),
    parent_task_id: free,
  }),
  orchestrator_execute_subtask: ({ free }) => ({ task_id: free }),
  orchestrator_complete_subtask: ({ free }) => completion(free),
  orchestrator_synthesize_results: ({ whole }) => ({ parent_task_id: whole }),
  orchestrator_maintenance_coordinator: () => ({ action: 'scan_cleanup', scope: 'full_project' }),
  orchestrator_next_task: () => ({}),
  orchestrator_add_note: ({ free }) => ({ task_id: free, text: 'A note', kind: 'decision' }),
  orchestrator_create_generic_task: ({ loose }) => ({
    task_type: 'bug',
    attributes: { title: 'New' },
    dependencies: [{ dependency_task_id: loose }],
  }),
  orchestrator_create_from_template: ({ free }) => ({
    template_id: 'feature_development_v1',
    parameters: { feature_name: 'search' },
    parent_task_id: free,
  }),
  orchestrator_save_template: () => ({ content: 'id: own\nroot: { title: Own }\n' }),
  orchestrator_delete_template: () => ({ template_id: 'kept' }),
  orchestrator_manage_dependencies: ({ loose, free }) => ({
    task_id: loose,
    dependencies: [{ dependency_task_id: free }],
  }),
  orchestrator_manage_lifecycle: ({ loose }) => ({ task_id: loose, lifecycle_stage: 'active' }),
  orchestrator_update_task: ({ loose, free }) => ({ task_id: loose, priority: 'high', parent_task_id: free }),
  orchestrator_delete_task: ({ loose }) => ({ task_id: loose, reason: 'Not wanted' }),
  orchestrator_cancel_task: ({ loose }) => ({ task_id: loose, preserve_work: false }),
  orchestrator_bulk_tasks: ({ loose }) => ({ operation: 'cancel', task_ids: [loose] }),
  orchestrator_restore_task: ({ archived }) => ({ task_id: archived }),
  // An export changes nothing in the store but the reply that is kept for its repeat.
  orchestrator_export_workflow: () => ({ idempotency_key: 'once' }),
  orchestrator_import_workflow: ({ file }) => ({ from: file, into: 'fresh' }),
};
const EACH = Object.entries(CALLS);
/** A maintenance works in transactions of its own, so that it is not done when the first of them has committed. */
const IN_ONE_TRANSACTION = EACH.filter(([name]) => name !== 'orchestrator_maintenance_coordinator');

test('there is a call of each tool that writes', async () => {
  const tools = await Promise.all(Object.values(TOOLS).map(async (load) => (await load()).default));

  expect(
    tools
      .filter(({ effect }) => effect !== 'read')
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(CALLS).sort());
});

describe.each(EACH)('%s', (name, argumentsFor) => {
  test.each(BEFORE_THE_COMMIT)(
    'leaves everything as it was when it fails once it has %s, and succeeds the next time',
    async (point) => {
      await using given = await aFragileOne();
      const args = argumentsFor(await aWorkspace(given));
      const before = everything(given);

      given.failAt(point);
      const refusal = await given.refused(name, args);
      const after = everything(given);
      await given.call(name, args);

      expect(refusal).toMatchObject({ code: 'internal', reference: expect.any(String) });
      expect(after).toEqual(before);
      expect(everything(given)).not.toEqual(before);
    },
  );
});

describe.each(IN_ONE_TRANSACTION)('%s', (name, argumentsFor) => {
  test('has done everything when it fails once it has committed, and answers its repeat without doing it again', async () => {
    await using given = await aFragileOne();
    const args = { ...argumentsFor(await aWorkspace(given)), idempotency_key: 'once' };
    const before = everything(given);

    given.failAt('committed');
    await given.refused(name, args);
    const after = everything(given);
    const repeated = await given.call(name, args);
    const again = await given.call(name, args);

    expect(after).not.toEqual(before);
    expect(everything(given)).toEqual(after);
    expect(again).toEqual(repeated);
  });
});

describe('work that cannot be written down', () => {
  type Put = (artifacts: string, way: DisposableStack, context: TestContext) => void;

  /** What may stand in the way of an artifact's file, until `way` is disposed of; and the code of the refusal. */
  const OBSTACLES: readonly (readonly [what: string, code: string, put: Put])[] = [
    [
      'a file stands in the place of its folder',
      'refused',
      (artifacts, way) => {
        rmSync(artifacts, { recursive: true });
        writeFileSync(artifacts, '');
        way.defer(() => rmSync(artifacts));
      },
    ],
    [
      'the disk is read-only',
      'transient',
      (artifacts, way, context) => aDisk(artifacts, { options: 'ro', way, context }),
    ],
    [
      'the disk is full',
      'transient',
      (artifacts, way, context) => {
        aDisk(artifacts, { options: 'size=4k', way, context });
        writeFileSync(join(artifacts, 'filler'), Buffer.alloc(4096));
      },
    ],
  ];

  const system = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'pipe' });

  type Disk = Readonly<{ options: string; way: DisposableStack; context: TestContext }>;

  /** Puts a disk of its own over a folder; where that is not permitted there is nothing to test on. */
  function aDisk(folder: string, { options, way, context }: Disk): void {
    try {
      system('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder);
      way.defer(() => system('umount', folder));
    } catch (error) {
      context.skip(`no disk of its own could be mounted: ${error}`);
    }
  }

  const WRITERS = ['orchestrator_complete_subtask', 'orchestrator_synthesize_results'];
  const EACH_WAY = OBSTACLES.flatMap(([what, code, put]) => WRITERS.map((name) => ({ what, code, put, name })));

  test.for(EACH_WAY)('because $what makes $name leave everything as it was', async ({ code, put, name }, context) => {
    await using given = await aFragileOne();
    const args = CALLS[name]?.(await aWorkspace(given)) ?? {};
    const before = everything(given);

    using way = new DisposableStack();
    put(join(given.workspace, '.task_orchestrator/artifacts'), way, context);
    const refusal = await given.refused(name, args);
    const after = everything(given);
    way.dispose();
    await given.call(name, args);

    expect(refusal).toMatchObject({ code, error: expect.stringContaining('.task_orchestrator/artifacts') });
    expect(after).toEqual(before);
    expect(everything(given).artifacts).toHaveLength((before.artifacts ?? []).length + 1);
  });
});

describe('the session of a process', () => {
  const sessions = (given: TestOrchestrator) => everything(given).sessions ?? [];

  test('is begun once, however many calls come at first', async () => {
    await using given = await anOrchestrator();

    await Promise.all(['One', 'Two', 'Three'].map((text) => given.call('add_note', { text })));

    expect(sessions(given)).toHaveLength(1);
  });

  test('is begun by the next call when the first one fails', async () => {
    await using given = await aFragileOne();

    given.failAt('before_commit');
    await given.refused('add_note', { text: 'One' });
    const afterFailure = sessions(given);
    await given.call('add_note', { text: 'Two' });

    expect(afterFailure).toEqual([]);
    expect(sessions(given)).toHaveLength(1);
  });

  test('is begun by a call that came together with a first one that was refused', async () => {
    await using given = await anOrchestrator();

    const [, note] = await Promise.all([
      given.refused('add_note', { text: 'One', task_id: 'task_00000000' }),
      given.call('add_note', { text: 'Two' }),
    ]);
    await given.call('add_note', { text: 'Three' });

    expect(note.note_added).toBe(true);
    expect(sessions(given)).toHaveLength(1);
  });

  test('is begun by a call that came together with a first one whose commit failed', async () => {
    await using given = await aFragileOne();

    given.failAt('before_commit');
    const [, note] = await Promise.all([given.refused('initialize_session'), given.call('add_note', { text: 'Two' })]);
    await given.call('add_note', { text: 'Three' });

    expect(note.note_added).toBe(true);
    expect(sessions(given)).toHaveLength(1);
  });
});

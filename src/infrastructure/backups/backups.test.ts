import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { damage } from '../../../test/damage.ts';
import { anOrchestrator, aPlan, aSubtask, completion, type TestOrchestrator } from '../../../test/harness.ts';
import { backUp, isSound } from '../../application/safekeeping/backups.ts';
import { MIGRATIONS } from '../store/migrate.ts';
import { openStore } from '../store/open.ts';
import { backupsOf } from './backups.ts';

const folderOf = ({ workspace }: Pick<TestOrchestrator, 'workspace'>) => join(workspace, '.task_orchestrator');
const databaseOf = (given: Pick<TestOrchestrator, 'workspace'>) => join(folderOf(given), 'task_orchestrator.db');

/** A store with a plan of two, the first of which is done; says where the file of its work lies. */
async function aStore(given: TestOrchestrator) {
  const plan = await aPlan(given, [aSubtask('One'), aSubtask('Two')]);
  const done = await given.call('complete_subtask', completion(plan.id('One')));
  const path = `artifacts/${plan.id('One')}/${done.artifact_info.artifact_id}.md`;
  return { plan, path, file: join(folderOf(given), path), backups: backupsOf(given.workspace) };
}

const titles = (path: string) => {
  const database = new Sqlite(path, { readonly: true });
  try {
    return database.prepare("select title from tasks where type <> 'plan' order by seq").pluck().all();
  } finally {
    database.close();
  }
};

const PAGE_BYTES = 4096;

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mto-backup-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('a backup', () => {
  test('holds the rows and the work of the store, and is whole', async () => {
    await using given = await anOrchestrator();
    const { backups, path } = await aStore(given);

    const made = await backups.make({ kind: 'asked_for' });

    expect(titles(join(made.path, 'task_orchestrator.db'))).toEqual(['One', 'Two']);
    expect(readFileSync(join(made.path, path))).toEqual(readFileSync(join(folderOf(given), path)));
    expect(made.verdict).toMatchObject({ problems: [], artifacts: { intact: 1 } });
    expect(await backups.list()).toEqual([made.backup]);
    expect((await backups.verify(made.backup.name)).problems).toEqual([]);
  });

  test('needs no file beside its database, so that it can be read where nothing can be written', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);

    const { path } = await backups.make({ kind: 'asked_for' });
    await backups.verify(path);

    expect(readdirSync(path).sort()).toEqual(['artifacts', 'backup.json', 'task_orchestrator.db']);
  });

  test('shares what never changes with the one before, and nothing with the store', async () => {
    await using given = await anOrchestrator();
    const { backups, path, file } = await aStore(given);
    const node = (at: string) => statSync(at).ino;

    const first = await backups.make({ kind: 'asked_for' });
    const second = await backups.make({ kind: 'asked_for' });

    expect(node(join(second.path, path))).toBe(node(join(first.path, path)));
    expect(node(join(second.path, path))).not.toBe(node(file));
  });

  test('of a store that has lost work is made all the same, and says so', async () => {
    await using given = await anOrchestrator();
    const { backups, path, file } = await aStore(given);
    rmSync(file);

    const { verdict, backup } = await backups.make({ kind: 'asked_for' });

    expect(verdict.problems).toEqual([{ about: 'artifact', description: `${path} does not exist` }]);
    expect(backup.isSound).toBe(true);
  });

  test('of a damaged store is made all the same, wherever the damage lies, and is not taken for a good one', async () => {
    const workspace = aFolder();
    const given = await anOrchestrator({ workspace });
    const { backups, path } = await aStore(given);
    await given[Symbol.asyncDispose]();
    const good = readFileSync(databaseOf(given));
    const pages = good.length / PAGE_BYTES;

    const outcomes: Record<string, number> = {};
    for (let page = 0; page < pages; page += 3) {
      const ruin = Buffer.from(good).fill(0x5a, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
      writeFileSync(databaseOf(given), ruin);
      const outcome = await backups.make({ kind: 'asked_for' }).then(
        ({ path, backup }) => ({ isSound: backup.isSound, kept: path, said: '' }),
        ({ message, details, suggestion }) => ({
          isSound: undefined,
          kept: details.kept_as,
          said: `${message} ${suggestion}`,
        }),
      );
      outcomes[String(outcome.isSound)] = (outcomes[String(outcome.isSound)] ?? 0) + 1;
      expect(outcome.said).not.toContain('.tmp');
      expect(existsSync(join(outcome.kept, path))).toBe(true);
      if (outcome.isSound === undefined)
        expect(readFileSync(join(outcome.kept, 'task_orchestrator.db')).equals(ruin)).toBe(true);
    }

    expect(outcomes).toEqual({ false: expect.any(Number), undefined: expect.any(Number) });
    expect((await backups.list()).filter(({ isSound }) => isSound)).toEqual([]);
  });

  test('of a store that is newer than the program is refused by the name of the store', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const database = new Sqlite(databaseOf(given));
    database.pragma('user_version = 999');
    database.close();

    const making = backups.make({ kind: 'asked_for' });

    await expect(making).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('The store .task_orchestrator/task_orchestrator.db has schema version 999'),
    });
    expect(readdirSync(join(folderOf(given), 'backups'))).toEqual([]);
  });

  test('takes along work that was given up and lies in the trash', async () => {
    await using given = await anOrchestrator();
    const { backups, path, file } = await aStore(given);
    mkdirSync(join(folderOf(given), 'trash', path, '..'), { recursive: true });
    copyFileSync(file, join(folderOf(given), 'trash', path));
    rmSync(file);

    const { path: made, verdict } = await backups.make({ kind: 'asked_for' });

    expect(verdict).toMatchObject({ problems: [], artifacts: { in_trash: 1 } });
    expect(existsSync(join(made, 'trash', path))).toBe(true);
  });

  test('can be made elsewhere, and is never written over anything', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const to = join(aFolder(), 'kept', 'here');

    const made = await backups.make({ kind: 'asked_for', to });
    const again = backups.make({ kind: 'asked_for', to });

    expect(made.path).toBe(to);
    await expect(again).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining(to) });
    expect((await backups.verify(to)).problems).toEqual([]);
    expect(await backups.list()).toEqual([]);
  });

  test('of those that are made at one place at once only one takes it, and nothing is left of the others', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const to = join(aFolder(), 'here');

    const made = await Promise.allSettled([1, 2, 3].map(() => backups.make({ kind: 'asked_for', to })));

    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of made)
      if (one.status === 'rejected')
        expect(one.reason).toMatchObject({
          code: 'refused',
          message: `${to} is there already, and a backup is never written over anything`,
        });
    expect(readdirSync(join(to, '..'))).toEqual(['here']);
    expect((await backups.verify(to)).problems).toEqual([]);
  });

  test('takes from the store what has gone bad in the backup that it would share it with', async () => {
    await using given = await anOrchestrator();
    const { backups, path } = await aStore(given);
    const first = await backups.make({ kind: 'asked_for' });
    const good = readFileSync(join(first.path, path), 'utf8');
    const bad = good.replace('All of it', 'ALL of it');
    writeFileSync(join(first.path, path), bad);

    const second = await backups.make({ kind: 'asked_for' });

    expect(second.verdict.problems).toEqual([]);
    expect(readFileSync(join(second.path, path), 'utf8')).toBe(good);
    expect(readFileSync(join(first.path, path), 'utf8')).toBe(bad);
  });

  test('is named where the store itself is gone', async () => {
    const workspace = aFolder();
    const given = await anOrchestrator({ workspace });
    const { backups } = await aStore(given);
    const { backup } = await backups.make({ kind: 'asked_for' });
    await given[Symbol.asyncDispose]();
    rmSync(databaseOf(given));

    await expect(backups.make({ kind: 'asked_for' })).rejects.toMatchObject({
      code: 'not_found',
      suggestion: expect.stringContaining(`restore ${backup.name}`),
    });
  });

  test('is not made where there is no store, and nothing is left there', async () => {
    const workspace = aFolder();

    const making = backupsOf(workspace).make({ kind: 'asked_for' });
    const looking = backupsOf(workspace).verify();

    await expect(making).rejects.toMatchObject({ code: 'not_found' });
    await expect(looking).rejects.toMatchObject({ code: 'not_found' });
    expect(readdirSync(workspace)).toEqual([]);
  });

  test('goes when it was kept for long enough', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const first = await backups.make({ kind: 'asked_for' });

    const { backup, removed } = await backUp(backups, { keep: 1, keepDays: 0, at: Date.now() + 1 });

    expect(removed).toEqual([first.backup.name]);
    expect(await backups.list()).toEqual([backup]);
  });
});

describe('what is checked', () => {
  test('is each artifact against its hash', async () => {
    await using given = await anOrchestrator();
    const { backups, path, file } = await aStore(given);
    writeFileSync(file, readFileSync(file, 'utf8').replace('All of it', 'None of it'));

    expect((await backups.verify()).problems).toEqual([
      { about: 'artifact', description: `${path} is not what was recorded` },
    ]);
  });

  test('is every reference between rows', async () => {
    await using given = await anOrchestrator();
    const { backups, plan } = await aStore(given);
    damage(given.workspace, "update tasks set parent_id = 'nobody' where id = ?", plan.id('Two'));

    expect((await backups.verify()).problems).toEqual([
      { about: 'references', description: '1 row of tasks names tasks that do not exist' },
    ]);
  });

  test('is a single bit of a copy, where SQLite itself sees nothing', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const { path } = await backups.make({ kind: 'asked_for' });
    const database = join(path, 'task_orchestrator.db');
    const bytes = readFileSync(database);
    const at = bytes.indexOf('Do One');
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(database, bytes);

    const verdict = await backups.verify(path);

    expect(verdict.problems).toEqual([{ about: 'copy', description: expect.stringContaining('other bytes') }]);
    expect(isSound(verdict)).toBe(false);
  });
});

describe('a restore', () => {
  test('brings back what was there, and keeps what it replaces', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const { backup } = await backups.make({ kind: 'asked_for' });
    await aPlan(given, [aSubtask('Three')]);

    const { kept = '' } = await backups.restore(backup.name, { isOther: false });

    expect(titles(databaseOf(given))).toEqual(['One', 'Two']);
    expect(titles(join(kept, 'task_orchestrator.db'))).toEqual(['One', 'Two', 'Three']);
    expect((await backups.verify()).problems).toEqual([]);
    expect((await backups.list()).map(({ kind, isSound }) => [kind, isSound])).toEqual([
      ['asked_for', true],
      ['before_restore', true],
    ]);
  });

  test('makes those who have the store open stop and say why, and is told in the history', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const { backup } = await backups.make({ kind: 'asked_for' });

    await backups.restore(backup.name, { isOther: false });
    const refusal = await given.refused('add_note', { text: 'Too late' });
    await using anew = await anOrchestrator({ workspace: given.workspace });
    await anew.call('add_note', { text: 'In time' });
    const events = await anew.orchestrator.read(({ events }) => events.after(0, 1000));

    expect(refusal).toMatchObject({
      code: 'refused',
      error: expect.stringContaining('was restored from a backup'),
      suggestion: 'Restart this server',
    });
    expect(events.filter(({ type }) => type === 'store.restored')).toMatchObject([{ details: { from: backup.name } }]);
  });

  test('that is repeated is noticed as well, for the generation only grows', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const { backup } = await backups.make({ kind: 'asked_for' });

    const first = await backups.restore(backup.name, { isOther: false });
    await using between = await anOrchestrator({ workspace: given.workspace });
    await between.call('get_status');
    const second = await backups.restore(backup.name, { isOther: false });

    expect(second.generation).toBe(first.generation + 1);
    await between.refused('get_status');
  });

  test('puts back the files of work that are gone or altered, the altered one into the trash', async () => {
    await using given = await anOrchestrator();
    const { backups, path, file, plan } = await aStore(given);
    const { artifact_info } = await given.call('complete_subtask', completion(plan.id('Two')));
    const second = join(folderOf(given), 'artifacts', plan.id('Two'), `${artifact_info.artifact_id}.md`);
    const { backup } = await backups.make({ kind: 'asked_for' });
    const before = [readFileSync(file), readFileSync(second)];
    writeFileSync(file, 'altered');
    rmSync(second);

    const { artifacts } = await backups.restore(backup.name, { isOther: false });

    expect(artifacts).toEqual({ putBack: 2, missing: 0 });
    expect([readFileSync(file), readFileSync(second)]).toEqual(before);
    expect(readFileSync(join(folderOf(given), 'trash', path), 'utf8')).toBe('altered');
  });

  test('puts the file of work that was given up back into the trash, where it belongs', async () => {
    await using given = await anOrchestrator();
    const plan = await aPlan(given, [aSubtask('One')]);
    const work = completion(plan.id('One'), { next_action: 'needs_revision' });
    const { artifact_info } = await given.call('complete_subtask', work);
    await given.call('cancel_task', { task_id: plan.id('One'), reason: 'No longer wanted', preserve_work: false });
    const path = `artifacts/${plan.id('One')}/${artifact_info.artifact_id}.md`;
    const lies = () => [path, `trash/${path}`].map((one) => existsSync(join(folderOf(given), one)));
    const backups = backupsOf(given.workspace);
    const { backup } = await backups.make({ kind: 'asked_for' });
    const before = lies();

    const first = await backups.restore(backup.name, { isOther: false });
    rmSync(join(folderOf(given), 'trash'), { recursive: true });
    const second = await backups.restore(backup.name, { isOther: false });

    expect([before, lies()]).toEqual([
      [false, true],
      [false, true],
    ]);
    expect([first.artifacts.putBack, second.artifacts.putBack]).toEqual([0, 1]);
  });

  test('of a store that has lost its database or its folder makes it anew', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const to = join(aFolder(), 'kept');
    await backups.make({ kind: 'asked_for', to });
    await given[Symbol.asyncDispose]();
    const workspace = aFolder();

    const { kept, artifacts } = await backupsOf(workspace).restore(to, { isOther: false });

    expect(kept).toBeUndefined();
    expect(artifacts).toEqual({ putBack: 1, missing: 0 });
    expect((await backupsOf(workspace).verify()).problems).toEqual([]);
    await using anew = await anOrchestrator({ workspace });
    expect(await anew.call('get_status')).toMatchObject({ system_status: { total_active_tasks: 1 } });
  });

  test('of a store that is no database any more keeps what is left of it', async () => {
    const workspace = aFolder();
    const given = await anOrchestrator({ workspace });
    const { backups } = await aStore(given);
    const { backup } = await backups.make({ kind: 'asked_for' });
    await given[Symbol.asyncDispose]();
    const rest = Buffer.from('no database at all '.repeat(1000));
    writeFileSync(databaseOf(given), rest);

    const { kept = '' } = await backups.restore(backup.name, { isOther: false });

    expect(readFileSync(join(kept, 'task_orchestrator.db'))).toEqual(rest);
    expect((await backups.verify()).problems).toEqual([]);
    await using anew = await anOrchestrator({ workspace });
    expect(await anew.call('get_status')).toMatchObject({ system_status: { total_active_tasks: 1 } });
  });

  test('of a store that is damaged anywhere is done, and keeps what is left of it', async () => {
    const workspace = aFolder();
    const given = await anOrchestrator({ workspace });
    const { backups } = await aStore(given);
    const { backup } = await backups.make({ kind: 'asked_for' });
    await given[Symbol.asyncDispose]();
    const good = readFileSync(databaseOf(given));
    const pages = good.length / PAGE_BYTES;

    for (let page = 0; page < pages; page += 4) {
      const ruin = Buffer.from(good).fill(0x5a, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
      writeFileSync(databaseOf(given), ruin);
      const { kept = '' } = await backups.restore(backup.name, { isOther: false });
      expect((await backups.verify()).problems).toEqual([]);
      const left = readFileSync(join(kept, 'task_orchestrator.db')).subarray(
        page * PAGE_BYTES,
        (page + 1) * PAGE_BYTES,
      );
      // The page that says how the log is kept is written anew in a copy.
      if (page > 0) expect(left.every((byte) => byte === 0x5a)).toBe(true);
    }
  });

  test('of a store that is no database any more keeps its log beside it', async () => {
    const workspace = aFolder();
    const given = await anOrchestrator({ workspace });
    const { backups } = await aStore(given);
    const { backup } = await backups.make({ kind: 'asked_for' });
    await given[Symbol.asyncDispose]();
    truncateSync(databaseOf(given), 50);
    writeFileSync(`${databaseOf(given)}-wal`, 'the log');

    const { kept = '' } = await backups.restore(backup.name, { isOther: false });

    expect(readFileSync(join(kept, 'task_orchestrator.db-wal'), 'utf8')).toBe('the log');
    expect(statSync(join(kept, 'task_orchestrator.db')).size).toBe(50);
    expect((await backups.verify()).problems).toEqual([]);
  });

  test('of what a repair replaced is done, and tells which rows name others that are not there', async () => {
    await using given = await anOrchestrator();
    const { backups, plan } = await aStore(given);
    damage(given.workspace, "update tasks set parent_id = 'nobody' where id = ?", plan.id('Two'));
    const { backup } = await backups.make({ kind: 'before_repair' });

    const { lostReferences } = await backups.restore(backup.name, { isOther: false });

    expect(backup.isSound).toBe(false);
    expect(lostReferences).toEqual(['1 row of tasks names tasks that do not exist']);
  });

  test('follows a link to a backup, and knows the store itself by whatever path', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const { path } = await backups.make({ kind: 'asked_for' });
    const links = aFolder();
    symlinkSync(path, join(links, 'backup'));
    symlinkSync(given.workspace, join(links, 'workspace'));

    const verdict = await backups.verify(join(links, 'backup'));
    const itself = backups.restore(join(links, 'workspace', '.task_orchestrator'), { isOther: false });

    expect(verdict.problems).toEqual([]);
    await expect(itself).rejects.toMatchObject({ message: expect.stringContaining('the store itself') });
  });

  test('of a backup that was cut off says that it is damaged', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const good = await backups.make({ kind: 'asked_for' });
    const bad = await backups.make({ kind: 'asked_for' });

    for (const bytes of [100_000, 50, 0]) {
      truncateSync(join(bad.path, 'task_orchestrator.db'), bytes);
      const said = {
        code: 'refused',
        message: `The backup ${bad.path} is damaged: it cannot be read as a store`,
        suggestion: expect.stringContaining(good.backup.name),
      };
      await expect(backups.verify(bad.path)).rejects.toMatchObject(said);
      await expect(backups.restore(bad.path, { isOther: false })).rejects.toMatchObject(said);
    }
  });

  const refusedRestores: readonly (readonly [what: string, code: string, make: (folder: string) => string])[] = [
    [
      'is no database',
      'refused',
      (folder) => {
        writeFileSync(join(folder, 'notes.txt'), 'Some text '.repeat(1000));
        return join(folder, 'notes.txt');
      },
    ],
    [
      'is the database of another program',
      'refused',
      (folder) => {
        const database = new Sqlite(join(folder, 'other.db'));
        database.exec('create table bookmarks (url text)');
        database.close();
        return join(folder, 'other.db');
      },
    ],
    [
      'is empty',
      'refused',
      (folder) => {
        writeFileSync(join(folder, 'empty.db'), '');
        return join(folder, 'empty.db');
      },
    ],
    ['is a folder with nothing in it', 'not_found', (folder) => folder],
    ['is not there', 'not_found', (folder) => join(folder, 'nowhere')],
  ];

  test.each(refusedRestores)('of something that %s is refused and changes nothing', async (_, code, make) => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);

    const restoring = backups.restore(make(aFolder()), { isOther: true });

    await expect(restoring).rejects.toMatchObject({
      code,
      suggestion: expect.not.stringMatching(/delet|remov|rm -|overwrit/i),
    });
    await given.call('add_note', { text: 'Everything goes on' });
  });

  test('of a damaged backup is refused, naming the latest that is whole', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const good = await backups.make({ kind: 'asked_for' });
    const bad = await backups.make({ kind: 'asked_for' });
    const bytes = readFileSync(join(bad.path, 'task_orchestrator.db'));
    bytes.fill(0x5a, 4096 * 2, 4096 * 8);
    writeFileSync(join(bad.path, 'task_orchestrator.db'), bytes);

    const restoring = backups.restore(bad.path, { isOther: false });

    await expect(restoring).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('damaged'),
      suggestion: expect.stringContaining(good.backup.name),
    });
    await given.call('add_note', { text: 'Everything goes on' });
  });

  test('of another store is refused unless that is meant', async () => {
    await using given = await anOrchestrator();
    await using other = await anOrchestrator();
    const { backups } = await aStore(given);
    await aPlan(other, [aSubtask('Foreign')]);
    const { path } = await backupsOf(other.workspace).make({ kind: 'asked_for' });

    const restoring = backups.restore(path, { isOther: false });

    await expect(restoring).rejects.toMatchObject({ suggestion: expect.stringContaining('--from-other') });
    await given.call('get_status');
    await backups.restore(path, { isOther: true });
    expect(titles(databaseOf(given))).toEqual(['Foreign']);
    await given.refused('get_status');
  });

  test('of a newer store is refused', async () => {
    await using given = await anOrchestrator();
    const { backups } = await aStore(given);
    const { path } = await backups.make({ kind: 'asked_for' });
    const database = new Sqlite(join(path, 'task_orchestrator.db'));
    database.pragma('user_version = 999');
    database.close();

    const restoring = backups.restore(path, { isOther: false });

    await expect(restoring).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('999') });
  });

  test('of an older store brings it to the schema of today', async () => {
    const [first] = Object.entries(MIGRATIONS);
    const path = join(aFolder(), 'older.db');
    const older = await openStore({
      path,
      synchronous: 'normal',
      backups: path,
      migrations: Object.fromEntries(first === undefined ? [] : [first]),
    });
    await older.write(({ sessions }) =>
      sessions.insert({ id: 'session_a', agentName: 'A', createdAt: 1, endedAt: 2, process: undefined }),
    );
    await older.close();
    const workspace = aFolder();

    await backupsOf(workspace).restore(path, { isOther: false });

    const verdict = await backupsOf(workspace).verify();
    expect(verdict).toMatchObject({ schemaVersion: Object.keys(MIGRATIONS).length, problems: [] });
    await using server = await anOrchestrator({ workspace });
    expect(await server.orchestrator.read(({ sessions }) => sessions.find('session_a'))).toMatchObject({
      agentName: 'A',
    });
  });
});

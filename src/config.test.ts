import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Config, ConfigError, helpText, readConfig } from './config.ts';

async function aUser() {
  const home = await mkdtemp(join(tmpdir(), 'config-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const file = join(home, '.config/mcp-task-orchestrator/config.json');
  const write = async (text: string, to = file) => {
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, text);
  };
  const filed = (settings: unknown) => write(JSON.stringify(settings));
  const read = async (
    argv: readonly string[] = [],
    env: Record<string, string> = {},
    platform: NodeJS.Platform = 'linux',
  ) => readConfig({ argv, env, home, platform });
  const settings = async (...given: Parameters<typeof read>): Promise<Config> => {
    const invocation = await read(...given);
    if (invocation.command !== 'serve') throw new Error(`expected to serve, not ${invocation.command}`);
    return invocation.config;
  };
  return { home, file, write, filed, read, settings };
}

/** What a person is told when the settings cannot be read. */
const told = (reading: Promise<unknown>) =>
  reading.then(
    () => 'nothing was wrong',
    (error: unknown) => (error instanceof ConfigError ? error.message : `no ConfigError: ${error}`),
  );

function expectOneLine(message: string, parts: readonly string[]): void {
  expect(message.split('\n')).toHaveLength(1);
  for (const part of parts) expect(message).toContain(part);
}

test('without anything said, the defaults hold', async () => {
  const { settings } = await aUser();

  expect(await settings()).toEqual({
    workspace: undefined,
    logLevel: 'info',
    timeoutMs: 30_000,
    toolNames: 'current',
    toolsets: ['core'],
    synchronous: 'full',
    approvals: 'anyone',
    embeddings: { url: undefined, model: 'nomic-embed-text', key: undefined },
    maintenance: {
      retentionDays: { completed: 90, failed: 60, cancelled: 30 },
      trashDays: 30,
      orphanFileDays: 7,
      staleHours: {
        researcher: 12,
        documenter: 8,
        reviewer: 6,
        tester: 16,
        debugger: 24,
        implementer: 48,
        architect: 72,
      },
      staleHoursOtherwise: 24,
    },
    maintenanceSchedule: undefined,
    telemetry: false,
  });
});

test('a flag comes before the environment, that before the file, that before the default', async () => {
  const { filed, settings } = await aUser();
  await filed({ log_level: 'error', timeout: 5, tool_names: 'both' });
  const env = { MCP_TASK_ORCHESTRATOR_LOG_LEVEL: 'warn', MCP_TASK_ORCHESTRATOR_TIMEOUT: '7' };

  expect(await settings(['--log-level', 'debug'], env)).toMatchObject({
    logLevel: 'debug',
    timeoutMs: 7_000,
    toolNames: 'both',
    synchronous: 'full',
  });
});

test('a schedule of maintenance comes from a flag, a variable or the file, beside the thresholds of the file', async () => {
  const { filed, settings } = await aUser();
  await filed({ maintenance: { schedule: '0 3 * * *', trash_days: 5 } });
  const env = { MCP_TASK_ORCHESTRATOR_MAINTENANCE: '0 4 * * *' };

  expect(await settings()).toMatchObject({ maintenanceSchedule: '0 3 * * *', maintenance: { trashDays: 5 } });
  expect(await settings([], env)).toMatchObject({ maintenanceSchedule: '0 4 * * *', maintenance: { trashDays: 5 } });
  expect(await settings(['--maintenance', '0 5 * * *'], env)).toMatchObject({ maintenanceSchedule: '0 5 * * *' });
});

test.each([
  ['0 25 * * *', 'Invalid value for hour: 25'],
  ['every night', 'it needs five parts (minute, hour, day of the month, month, day of the week) and has 2'],
  ['0 3 * * * * *', 'and has 7'],
  ['2099-01-01T03:00:00', 'and has 1'],
  ['@nightly', '@nightly'],
  ['0 0 30 2 *', 'it never comes due'],
])('the schedule %j is refused before anything is served, in one line', async (schedule, why) => {
  const { filed, settings, file } = await aUser();
  const mistake = `${JSON.stringify(schedule)} is not a schedule such as "0 3 * * *"`;

  expectOneLine(await told(settings(['--maintenance', schedule])), ['--maintenance', mistake, why]);
  await filed({ maintenance: { schedule } });
  expectOneLine(await told(settings()), [`${file}, maintenance.schedule`, mistake, why]);
});

test('every setting has a flag and a variable', async () => {
  const { settings } = await aUser();
  const said = {
    workspace: '/project',
    log_level: 'trace',
    timeout: '0.5',
    tool_names: 'both',
    toolsets: 'bulk,core',
    synchronous: 'normal',
    embeddings_url: 'http://localhost:11434/v1',
    embeddings_model: 'small',
    embeddings_key: 'hush',
  };
  const argv = Object.entries(said).flatMap(([name, value]) => [`--${name.replaceAll('_', '-')}`, value]);
  const env = Object.fromEntries(
    Object.entries(said).map(([name, value]) => [`MCP_TASK_ORCHESTRATOR_${name.toUpperCase()}`, value]),
  );
  const expected = {
    workspace: '/project',
    logLevel: 'trace',
    timeoutMs: 500,
    toolNames: 'both',
    toolsets: ['core', 'bulk'],
    synchronous: 'normal',
    embeddings: { url: 'http://localhost:11434/v1', model: 'small', key: 'hush' },
  };

  expect(await settings(argv)).toMatchObject(expected);
  expect(await settings([], env)).toMatchObject(expected);
});

test.each(['localhost:11434', 'file:///etc/passwd', ''])(
  'an endpoint at %j is no web address',
  async (embeddings_url) => {
    const { filed, settings } = await aUser();
    await filed({ embeddings_url });

    expectOneLine(await told(settings()), ['embeddings_url', 'is not an http or https address']);
  },
);

test('all toolsets can be asked for at once', async () => {
  const { settings } = await aUser();

  expect((await settings(['--toolsets=all'])).toolsets).toEqual(['core', 'bulk', 'templates', 'analysis', 'ops']);
});

test('a variable that is set to nothing is not set', async () => {
  const { settings } = await aUser();

  expect(
    await settings([], { MCP_TASK_ORCHESTRATOR_LOG_LEVEL: '', MCP_TASK_ORCHESTRATOR_WORKSPACE: '' }),
  ).toMatchObject({
    logLevel: 'info',
    workspace: undefined,
  });
});

test('a schedule alone may stand for all of maintenance in the file, as in the flag', async () => {
  const { filed, settings } = await aUser();
  await filed({ maintenance: '0 3 * * *' });

  expect(await settings()).toMatchObject({ maintenanceSchedule: '0 3 * * *', maintenance: { trashDays: 30 } });
});

test('thresholds of maintenance come from the file, one by one over the defaults', async () => {
  const { filed, settings } = await aUser();
  await filed({
    toolsets: ['core', 'ops'],
    maintenance: { retention_days: { failed: 5 }, trash_days: 1, stale_hours: { tester: 2, translator: 3 } },
  });

  const { toolsets, maintenance } = await settings();

  expect(toolsets).toEqual(['core', 'ops']);
  expect(maintenance).toMatchObject({
    retentionDays: { completed: 90, failed: 5, cancelled: 30 },
    trashDays: 1,
    orphanFileDays: 7,
    staleHours: { tester: 2, translator: 3, architect: 72 },
  });
});

test('the file lies where the user keeps settings', async () => {
  const { home, write, settings } = await aUser();
  await write('{"log_level":"warn"}', join(home, 'xdg/mcp-task-orchestrator/config.json'));
  await write('\uFEFF{"log_level":"error"}', join(home, 'roaming/mcp-task-orchestrator/config.json'));

  expect((await settings([], { XDG_CONFIG_HOME: join(home, 'xdg') })).logLevel).toBe('warn');
  expect((await settings([], { XDG_CONFIG_HOME: 'xdg' })).logLevel).toBe('info');
  expect((await settings([], { APPDATA: join(home, 'roaming') }, 'win32')).logLevel).toBe('error');
});

test.each([
  [
    ['--wrkspace', '/project'],
    ['--wrkspace', 'did you mean --workspace?'],
  ],
  [['--nothing-like-it'], ['--nothing-like-it', '--workspace', '--help']],
  [['--no-timeout'], ['--no-timeout']],
  [['-x'], ['-x', '--help']],
  [['--timeout'], ['--timeout needs a value', '<seconds>']],
  [
    ['--workspace', '--timeout', '5'],
    ['--workspace needs a value', '<folder>'],
  ],
  [['--workspace='], ['--workspace', 'not a folder']],
  [
    ['--timeout', 'soon'],
    ['--timeout', '"soon"', 'a number of seconds'],
  ],
  [
    ['--timeout', '0'],
    ['--timeout', '"0"', 'above 0'],
  ],
  [
    ['--timeout', ' '],
    ['--timeout', '" "', 'a number of seconds'],
  ],
  [
    ['--log-level', 'loud'],
    ['--log-level', '"loud"', 'one of', 'debug', 'silent'],
  ],
  [
    ['--toolsets', 'core,bulks'],
    ['--toolsets', '"core,bulks"', 'one of', 'bulk', 'all'],
  ],
  [
    ['--synchronous', 'off'],
    ['--synchronous', 'full, normal'],
  ],
  [['serve'], ['serve', '--help']],
])('the flags %j are refused in one line that says what is accepted', async (argv, parts) => {
  const { read } = await aUser();

  expectOneLine(await told(read(argv)), parts);
});

test('a bad value in the environment is refused under the name of its variable', async () => {
  const { read } = await aUser();

  expectOneLine(await told(read([], { MCP_TASK_ORCHESTRATOR_SYNCHRONOUS: 'nobody' })), [
    'MCP_TASK_ORCHESTRATOR_SYNCHRONOUS',
    '"nobody"',
    'full, normal',
  ]);
});

test.each([
  [{ log_levle: 'info' }, ['log_levle', 'did you mean log_level?']],
  [{ workspace: '/project' }, ['workspace', 'is not known']],
  [{ workspaces: '/tmp' }, ['workspaces', 'embeddings_url']],
  [{ maintenance: { trash_day: 3 } }, ['maintenance.trash_day', 'did you mean trash_days?']],
  [{ maintenance: { retention_days: { superseded: 3 } } }, ['maintenance.retention_days.superseded', 'completed']],
  [{ maintenance: { trash_days: -1 } }, ['maintenance.trash_days', '-1', 'a number of days']],
  [{ maintenance: { stale_hours: { tester: '2' } } }, ['maintenance.stale_hours.tester', '"2"', 'a number of hours']],
  [
    { maintenance: { stale_hours: { 'A Tester': 2 } } },
    ['maintenance.stale_hours', 'a specialist, whose name is like'],
  ],
  [{ maintenance: { stale_hours: 2 } }, ['maintenance.stale_hours', 'an object of hours by specialist']],
  [{ maintenance: 7 }, ['maintenance', '7', 'an object']],
  [{ toolsets: ['core', 'cores'] }, ['toolsets', '["core","cores"]', 'one of']],
  [{ toolsets: [] }, ['toolsets', '[]', 'a list']],
  [{ timeout: true }, ['timeout', 'true', 'seconds']],
  [{ log_level: null }, ['log_level', 'null', 'one of']],
  [['log_level'], ['an object']],
])('the file %j is refused in one line that names it and the key', async (settings, parts) => {
  const { file, filed, read } = await aUser();
  await filed(settings);

  expectOneLine(await told(read(['--log-level', 'debug'])), [file, ...parts]);
});

test('of several mistakes the one in the file is told first, and a bad value before an unknown name', async () => {
  const { file, filed, read } = await aUser();
  const flagged = () => told(read(['--synchronous', 'off', '--log-level', 'loud']));

  await filed({ colour: 'red', maintenance: { trash_days: 0 }, timeout: 'soon' });
  expectOneLine(await flagged(), [`${file}, timeout`, '"soon"']);
  await filed({ colour: 'red' });
  expect(await flagged()).toBe(
    `${file}, colour is not known; there are log_level, timeout, tool_names, toolsets, synchronous, approvals, embeddings_url, embeddings_model, embeddings_key, maintenance`,
  );
  await filed({});
  expectOneLine(await flagged(), ['--log-level', '"loud"']);
});

test('a file that is not JSON is refused by its name, in one line', async () => {
  const { file, write, read } = await aUser();
  await write('{\n  "log_level": "info",\n  oops\n}');

  expectOneLine(await told(read()), [file, 'is not JSON']);
});

test('a file that cannot be read is refused by its name', async () => {
  const { file, read } = await aUser();
  await mkdir(file, { recursive: true });

  expectOneLine(await told(read()), [file, 'cannot be read']);
});

test.each([
  [['--help'], 'help'],
  [['-h'], 'help'],
  [['--version'], 'version'],
  [['-v'], 'version'],
  [['--wrong', '--help'], 'help'],
])('%j asks for %s, whatever else is said', async (argv, command) => {
  const { write, read } = await aUser();
  await write('not JSON');

  expect(await read(argv)).toEqual({ command });
});

test('the help shows every flag with its variable, what it takes and its default', () => {
  const help = helpText();

  for (const name of ['workspace', 'log-level', 'timeout', 'tool-names', 'toolsets', 'synchronous']) {
    expect(help).toContain(`--${name} <`);
    expect(help).toContain(`MCP_TASK_ORCHESTRATOR_${name.replaceAll('-', '_').toUpperCase()}`);
  }
  expect(help).toContain('Default: 30.');
  expect(help).toContain('"implementer": 48');
  expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
});

test('a misspelt variable is refused with the one that was meant, and one of the Python server means nothing', async () => {
  const { read } = await aUser();
  const reading = (name: string, value = 'all') =>
    read([], { [name]: value, MCP_TASK_ORCHESTRATE: 'of somebody else' });

  expect(await told(reading('MCP_TASK_ORCHESTRATOR_TOOLSET'))).toBe(
    'The variable MCP_TASK_ORCHESTRATOR_TOOLSET is not known; did you mean MCP_TASK_ORCHESTRATOR_TOOLSETS?',
  );
  expect(await told(reading('MCP_TASK_ORCHESTRATOR_USE_DI', 'true'))).toBe('nothing was wrong');
  expect(await told(reading('MCP_TASK_ORCHESTRATOR_TOOLSET', ''))).toBe('nothing was wrong');
});

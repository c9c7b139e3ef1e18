import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { anOrchestrator, aPlan, aSubtask, completion } from '../../test/harness.ts';
import { OrchestratorError } from '../domain/errors.ts';
import { parseArguments } from './parse.ts';
import { defineTool } from './tool.ts';

/** A tool that takes one of everything. */
const tool = defineTool({
  name: 'orchestrator_take_everything',
  title: 'Take everything',
  description: 'Takes one of everything.',
  set: 'core',
  rank: 1,
  effect: 'add',
  input: z.strictObject({
    name: z.string().min(1).max(20),
    count: z.number().int().min(0).max(10).optional(),
    flag: z.boolean().default(false),
    kind: z.enum(['decision', 'risk']).default('risk'),
    list: z.array(z.string()).default([]),
    numbers: z.array(z.number()).optional(),
    filters: z.strictObject({ status: z.string().optional(), limit: z.number().optional() }).optional(),
    parts: z.array(z.strictObject({ title: z.string(), done: z.boolean().optional() })).optional(),
    detailed_work: z.string().optional(),
  }),
  output: z.object({}),
  examples: [],
  run: async () => ({}),
});

const read = (args: Readonly<Record<string, unknown>>) => parseArguments(tool, args).input;

type Given = Readonly<Record<string, unknown>>;

function refusal(args: Given, input: z.ZodType = tool.input): Given {
  try {
    parseArguments({ ...tool, input }, args);
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    const { message, code, suggestion, details } = error;
    return { error: message, code, suggestion, ...details };
  }
  throw new Error('it was not refused');
}

describe('what has only one meaning is understood', () => {
  test.each([
    ['a number in quotes', { count: '7' }, { count: 7 }],
    ['a number in quotes with spaces', { count: ' 7 ' }, { count: 7 }],
    ['a boolean in quotes', { flag: 'true' }, { flag: true }],
    ['the other boolean in quotes', { flag: 'false' }, { flag: false }],
    ['an array as its JSON text', { list: '["a", "b"]' }, { list: ['a', 'b'] }],
    ['an object as its JSON text', { filters: '{"status": "x"}' }, { filters: { status: 'x' } }],
    ['an array where its JSON text was asked for', { name: ['a'] }, { name: '["a"]' }],
    ['an object where its JSON text was asked for', { name: { a: 1 } }, { name: '{"a":1}' }],
    ['numbers in quotes inside a list', { numbers: ['1', 2] }, { numbers: [1, 2] }],
    [
      'a boolean in quotes inside objects of a list',
      { parts: [{ title: 'a', done: 'true' }] },
      { parts: [{ title: 'a', done: true }] },
    ],
    ['a number in quotes inside JSON text', { filters: '{"limit": "3"}' }, { filters: { limit: 3 } }],
  ])('%s', (_, given, expected) => {
    expect(read({ name: 'n', ...given })).toMatchObject(expected);
  });

  test('a text that looks like a number stays a text where a text is asked for', () => {
    expect(read({ name: '7' })).toMatchObject({ name: '7' });
  });

  test('spaces around a text are kept', () => {
    expect(read({ name: '  n ' })).toMatchObject({ name: '  n ' });
  });

  test('defaults are filled in', () => {
    expect(read({ name: 'n' })).toEqual({ name: 'n', flag: false, kind: 'risk', list: [] });
  });
});

describe('what does not fit is refused', () => {
  test.each([
    ['a word for a number', { count: 'seven' }, 'count', 'seven'],
    ['a number that is too large', { count: 11 }, 'count', 11],
    ['a broken number', { count: 1.5 }, 'count', 1.5],
    ['a number in quotes that is too large', { count: '11' }, 'count', '11'],
    ['a number for a text', { name: 7 }, 'name', 7],
    ['null for a text', { name: null }, 'name', null],
    ['yes for a boolean', { flag: 'yes' }, 'flag', 'yes'],
    ['one for a boolean', { flag: 1 }, 'flag', 1],
    ['a text for a list', { list: 'a' }, 'list', 'a'],
    ['a number in a list of texts', { list: ['a', 7] }, 'list[1]', 7],
    ['a text that is too long', { name: 'x'.repeat(21) }, 'name', 'x'.repeat(21)],
    ['an empty text', { name: '' }, 'name', ''],
  ])('%s, naming it, what was given and what is accepted', (_, given, parameter, value) => {
    expect(refusal({ name: 'n', ...given })).toMatchObject({
      code: 'invalid',
      error: expect.stringContaining(parameter),
      parameter,
      given: value,
      accepted: expect.any(String),
    });
  });

  test('an unknown value of an enumeration names the values and what was probably meant', () => {
    expect(refusal({ name: 'n', kind: 'decison' })).toMatchObject({
      parameter: 'kind',
      accepted: expect.stringContaining('decision, risk'),
      did_you_mean: 'decision',
    });
  });

  test('what was given is told again cut', () => {
    const { given } = refusal({ name: 'x'.repeat(10_000) });

    expect(String(given).length).toBeLessThanOrEqual(200);
  });

  test.each(['', 'x'])('what was given is not cut in the middle of a character', (beginning) => {
    const { given } = refusal({ name: `${beginning}${'🚀'.repeat(1_000)}` });

    expect(String(given).isWellFormed()).toBe(true);
  });
});

describe('an unknown parameter is refused', () => {
  test('naming the one that was most likely meant', () => {
    expect(refusal({ name: 'n', knid: 'risk' })).toMatchObject({
      code: 'invalid',
      error: 'Unknown parameter: knid (did you mean kind?)',
      parameter: 'knid',
      did_you_mean: 'kind',
      accepted: expect.arrayContaining(['name', 'count', 'kind']),
    });
  });

  test('with those that there are, where none is close', () => {
    const body = refusal({ name: 'n', zebra: 1 });

    expect(body).toMatchObject({ error: 'Unknown parameter: zebra', accepted: expect.arrayContaining(['name']) });
    expect(body).not.toHaveProperty('did_you_mean');
  });

  test('telling that a filter belongs inside filters', () => {
    expect(refusal({ name: 'n', status: 'x' })).toMatchObject({
      error: 'Unknown parameter: status (put it inside filters)',
    });
  });

  test('inside an object, too', () => {
    expect(refusal({ name: 'n', filters: { statsu: 'x' } })).toMatchObject({
      parameter: 'filters.statsu',
      did_you_mean: 'status',
    });
  });

  test('inside the objects of a list, too', () => {
    expect(refusal({ name: 'n', parts: [{ title: 'a', titel: 'b' }] })).toMatchObject({
      parameter: 'parts[0].titel',
      did_you_mean: 'title',
    });
  });

  test('though it is called like something that every object has', () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      const args = JSON.parse(`{"name": "n", "${name}": 1}`);
      expect(refusal(args)).toMatchObject({ code: 'invalid' });
    }
  });
});

describe('a missing parameter', () => {
  test('is told in the words of the reference', () => {
    expect(refusal({ count: 1 })).toMatchObject({
      code: 'invalid',
      error: 'Missing required parameter: name',
      required_parameters: ['name'],
      provided_parameters: ['count'],
    });
  });

  test('is told with the call to repeat, which names all that are missing', () => {
    expect(refusal({})).toMatchObject({ suggestion: 'Repeat with name' });
    const input = z.strictObject({ task_id: z.string(), kind: z.string(), summary: z.string() });

    expect(refusal({ kind: 'x' }, input)).toMatchObject({
      error: 'Missing required parameter: task_id',
      suggestion: 'Repeat with task_id and summary',
    });
  });

  test.each(['task', 'id', 'taskid', 'task_ids'])('is probably what was given as %s', (given) => {
    const input = z.strictObject({ task_id: z.string(), reason: z.string().optional() });

    expect(refusal({ [given]: 'x' }, input)).toMatchObject({
      error: 'Missing required parameter: task_id',
      did_you_mean: 'task_id',
      suggestion: `Repeat with ${given} renamed to task_id`,
    });
  });

  test('inside an object of a list is told with its place', () => {
    expect(refusal({ name: 'n', parts: [{ title: 'a' }, { done: true }] }).error).toMatch(/parts\[1\]\.title/);
  });
});

describe('the parameters of every tool', () => {
  test('are read though no tool lists them', () => {
    const { common } = parseArguments(tool, { name: 'n', session_id: 's', claim_id: 'c', idempotency_key: 'k' });

    expect(common).toMatchObject({ session_id: 's', claim_id: 'c', idempotency_key: 'k' });
  });

  test('are refused when they are no texts', () => {
    expect(refusal({ name: 'n', session_id: 7 })).toMatchObject({ code: 'invalid', parameter: 'session_id' });
  });

  test('agent_name and working_directory are taken only where a tool lists them', () => {
    expect(refusal({ name: 'n', agent_name: 'Ada' })).toMatchObject({ error: expect.stringContaining('agent_name') });
  });
});

describe('text that is no text is refused', () => {
  const lone = String.fromCharCode(0xd800);

  test.each([
    ['in a text', { name: `a${lone}` }, /name.*lone surrogate/],
    ['in a list', { name: 'n', list: ['a', lone] }, /list.*lone surrogate/],
    ['in the work', { name: 'n', detailed_work: lone }, /detailed_work.*lone surrogate/],
    ['as a name', { name: 'n', [lone]: 1 }, /lone surrogate/],
    ['as an escape in JSON text', { name: 'n', list: '["\\ud800"]' }, /list.*lone surrogate/],
  ])('a lone surrogate %s', (_, args, error) => {
    expect(refusal(args)).toMatchObject({ code: 'invalid', error: expect.stringMatching(error) });
  });

  test.each([
    ['in a text', { name: 'a\0' }, /name.*NUL/],
    ['in a list', { name: 'n', list: ['\0'] }, /list.*NUL/],
    ['in an object of a list', { name: 'n', parts: [{ title: '\0' }] }, /parts.*title.*NUL/],
    ['as a name', { name: 'n', 'a\0': 1 }, /NUL/],
    ['as an escape in JSON text', { name: 'n', list: '["\\u0000"]' }, /list.*NUL/],
  ])('a NUL %s', (_, args, error) => {
    expect(refusal(args)).toMatchObject({ code: 'invalid', error: expect.stringMatching(error) });
  });

  test('but a NUL in the work is kept', () => {
    expect(read({ name: 'n', detailed_work: 'a\0b' })).toMatchObject({ detailed_work: 'a\0b' });
  });

  test('however deep it lies', () => {
    let deep: unknown = 'a\0';
    for (let level = 0; level < 50_000; level++) deep = [deep];

    expect(refusal({ name: 'n', list: deep })).toMatchObject({ code: 'invalid' });
  });
});

describe('whatever is given', () => {
  test('it is read or refused as invalid, and never fails', () => {
    const value = fc.oneof(fc.anything({ withNullPrototype: false }), fc.jsonValue(), fc.string({ unit: 'binary' }));
    const keys = fc.constantFrom('name', 'count', 'flag', 'kind', 'list', 'filters', 'parts', 'session_id', 'other');
    fc.assert(
      fc.property(fc.dictionary(keys, value, { noNullPrototype: true }), (args) => {
        try {
          parseArguments(tool, JSON.parse(JSON.stringify(args) ?? '{}'));
        } catch (error) {
          expect(error).toMatchObject({ name: 'OrchestratorError', code: 'invalid' });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('through a tool', () => {
  test('a lone surrogate in the JSON text of subtasks is refused', async () => {
    await using server = await anOrchestrator();
    const subtasks_json = JSON.stringify([aSubtask('XX')]).replaceAll('XX', '\\ud800');

    const body = await server.refused('plan_task', { description: 'A goal', subtasks_json });

    expect(body).toMatchObject({ code: 'invalid', error: expect.stringContaining('subtasks_json[0].title') });
  });

  test('a NUL in the JSON text of subtasks is refused', async () => {
    await using server = await anOrchestrator();
    const subtasks_json = JSON.stringify([aSubtask('a', [], { attributes: { deep: { er: 'a\0' } } })]);

    const body = await server.refused('plan_task', { description: 'A goal', subtasks_json });

    expect(body).toMatchObject({ code: 'invalid', error: expect.stringContaining('NUL') });
  });

  test.each(['__proto__', 'constructor', 'toString'])('an attribute called %s does no harm', async (name) => {
    await using server = await anOrchestrator();
    const subtasks_json = `[{"title":"a","description":"d","specialist_type":"tester","attributes":{"${name}":{"x":1}}}]`;

    const outcome = await server.call('plan_task', { description: 'A goal', subtasks_json }).catch((error) => error);

    const isRefused = outcome instanceof OrchestratorError && outcome.code === 'invalid';
    if (!isRefused) {
      const { attributes } = await server.call('get_task', { task_id: outcome.subtasks[0].task_id });
      expect(Object.getOwnPropertyNames(attributes)).toEqual([name]);
    }
    expect(Reflect.get({}, 'x')).toBeUndefined();
  });

  test('attributes of ten thousand levels are refused', async () => {
    await using server = await anOrchestrator();
    const deep = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
    const subtasks_json = `[{"title":"a","description":"d","specialist_type":"tester","attributes":${deep}}]`;

    const body = await server.refused('plan_task', { description: 'A goal', subtasks_json });

    expect(body.code).toBe('invalid');
  });

  test('an unknown tool is refused by its name', async () => {
    await using server = await anOrchestrator();

    expect(await server.refused('orchestrator_make_coffee')).toMatchObject({ code: 'not_found' });
  });

  test('a misspelt parameter is refused before anything happens', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const body = await server.refused('complete_subtask', completion(id('a'), { file_path: ['a'] }));

    expect(body).toMatchObject({ code: 'invalid', did_you_mean: 'file_paths' });
    expect(await server.call('get_task', { task_id: id('a') })).toMatchObject({ version: 1 });
  });
});

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseArguments } from '../src/application/parse.ts';
import { EFFECTS, TOOL_SETS, type Tool } from '../src/application/tool.ts';
import { PLANNED_NAMES, TOOLS } from '../src/application/tools.generated.ts';
import { OrchestratorError } from '../src/domain/errors.ts';
import LISTED from '../src/presentation/mcp/tool-list.generated.json' with { type: 'json' };
import { anOrchestrator, aPlan, aSubtask, completion } from './harness.ts';

/** What is true of every tool there is. A tool that is added is held to it without a word here. */
const FOLDER = join(import.meta.dirname, '../src/application/tools');
const fileOf = (name: string) => name.replace(/^orchestrator_/, '').replaceAll('_', '-');

const REGISTRY = await Promise.all(
  Object.entries(TOOLS).map(async ([name, load]) => [name, (await load()).default] as const),
);
const size = (value: unknown) => JSON.stringify(value).length;
const listedAs = (name: string) => LISTED.find(({ tool }) => tool.name === name)?.tool;

const Field = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.string()).optional(),
});
const SchemaShape = z.object({
  type: z.literal('object'),
  properties: z.record(z.string(), Field),
  required: z.array(z.string()).default([]),
  additionalProperties: z.unknown(),
});
const inputOf = (tool: Tool) => SchemaShape.parse(z.toJSONSchema(tool.input, { io: 'input' }));
/** Names that say by themselves what is wanted. */
const isObvious = (name: string) => name.endsWith('_id') || name === 'title';

const anExample = (tool: Tool) => tool.examples[0]?.input ?? {};

function refusal(tool: Tool, args: Readonly<Record<string, unknown>>) {
  try {
    parseArguments(tool, args);
  } catch (error) {
    if (error instanceof OrchestratorError) return { error: error.message, code: error.code, ...error.details };
    throw error;
  }
  throw new Error(`${tool.name} took ${JSON.stringify(args)}`);
}

describe('the folder of the tools', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

  test('is the registry: every file is a tool, and every tool a file of its name', () => {
    expect(files.toSorted()).toEqual(
      Object.keys(TOOLS)
        .map((name) => `${fileOf(name)}.ts`)
        .toSorted(),
    );
  });

  test.each(files)('%s has its test beside it', (file) => {
    expect(existsSync(join(FOLDER, file.replace(/\.ts$/, '.test.ts')))).toBe(true);
  });
});

describe.each(REGISTRY)('%s', (name, tool) => {
  test('is called as it is registered, in snake case, in at most 40 characters', () => {
    expect(tool.name).toBe(name);
    expect(name).toMatch(/^orchestrator_[a-z]+(_[a-z]+)*$/);
    expect(name.length).toBeLessThanOrEqual(40);
  });

  test('has a title, and a description in sentences', () => {
    expect(tool.title).toMatch(/^[A-Z].*[^.]$/);
    expect(tool.description).toMatch(/^[A-Z].*\.$/s);
  });

  test('belongs to a set and has a place of its own in the list', () => {
    expect(TOOL_SETS).toContain(tool.set);
    expect(REGISTRY.filter(([, other]) => other.rank === tool.rank)).toHaveLength(1);
  });

  test('is listed with all four annotations of its effect', () => {
    expect(listedAs(name)?.annotations).toEqual(EFFECTS[tool.effect]);
  });

  test('is listed as it is', () => {
    expect(listedAs(name)).toMatchObject({ title: tool.title, description: tool.description });
    expect(Object.keys(listedAs(name)?.inputSchema.properties ?? {})).toEqual(Object.keys(inputOf(tool).properties));
  });

  test('takes nothing but what it lists', () => {
    expect(inputOf(tool).additionalProperties).toBe(false);
  });

  test('describes each parameter, or it says by itself what is wanted', () => {
    const unclear = Object.entries(inputOf(tool).properties)
      .filter(([, field]) => field.description === undefined)
      .filter(([, field]) => field.enum === undefined && field.type !== 'boolean')
      .map(([parameter]) => parameter)
      .filter((parameter) => !isObvious(parameter));

    expect(unclear).toEqual([]);
  });

  test('answers with an object', () => {
    expect(z.toJSONSchema(tool.output, { io: 'input' })).toMatchObject({ type: 'object' });
  });

  test('has schemas that every client understands', () => {
    const schemas = JSON.stringify([listedAs(name)?.inputSchema, listedAs(name)?.outputSchema]);

    expect(schemas).not.toMatch(/prefixItems|"null"|oneOf|allOf|\$ref|\$defs/);
  });

  test('has examples that it takes', () => {
    expect(tool.examples.length).toBeGreaterThan(0);
    for (const { title, input } of tool.examples) {
      expect(title).toMatch(/^[A-Z]/);
      expect(() => parseArguments(tool, input)).not.toThrow();
    }
  });

  test('takes a session, and a key against repeats if it writes', () => {
    const common = { session_id: 'session_ab12cd34', ...(tool.effect !== 'read' && { idempotency_key: 'k' }) };

    expect(parseArguments(tool, { ...anExample(tool), ...common }).common).toMatchObject(common);
  });

  test('lists the session if it changes tasks, so that a client that goes by the schema can pass it', () => {
    const changesTasks = tool.effect !== 'read' && (tool.set === 'core' || tool.set === 'bulk');

    expect('session_id' in inputOf(tool).properties || !changesTasks).toBe(true);
  });

  test('refuses a parameter that it does not have', () => {
    const body = refusal(tool, { ...anExample(tool), zebra_crossing: 1 });

    expect(body).toMatchObject({
      code: 'invalid',
      error: 'Unknown parameter: zebra_crossing',
      accepted: Object.keys(inputOf(tool).properties),
    });
  });

  test('refuses a misspelt parameter with the name that was meant', () => {
    const { properties, required } = inputOf(tool);
    for (const parameter of Object.keys(properties).filter((one) => !required.includes(one))) {
      const misspelt = `${parameter.slice(0, -2)}${parameter.at(-1)}${parameter.at(-2)}`;
      if (misspelt in properties || misspelt === parameter) continue;

      const body = refusal(tool, { ...anExample(tool), [misspelt]: 'x' });

      expect(body).toMatchObject({ code: 'invalid', parameter: misspelt, did_you_mean: parameter });
    }
  });

  test('says in the words of the reference which parameter is missing', () => {
    const { required } = inputOf(tool);
    for (const parameter of required) {
      const { [parameter]: _, ...rest } = anExample(tool);

      const body = refusal(tool, rest);

      expect(body).toMatchObject({
        code: 'invalid',
        error: `Missing required parameter: ${parameter}`,
        required_parameters: required,
        provided_parameters: Object.keys(rest),
      });
    }
  });
});

describe('the names that the reference plans', () => {
  test.each(Object.entries(PLANNED_NAMES))('%s works beside %s', async (planned, today) => {
    await using server = await anOrchestrator();

    expect(server.orchestrator.knows(planned)).toBe(true);
    expect(REGISTRY.find(([name]) => name === today)?.[1].plannedName).toBe(planned);
  });

  test('are no names of today', () => {
    for (const planned of Object.keys(PLANNED_NAMES)) expect(Object.keys(TOOLS)).not.toContain(planned);
  });
});

describe('the list of the tools', () => {
  const core = LISTED.filter(({ set }) => set === 'core').map(({ tool }) => tool);
  const spent = (tools: readonly (typeof LISTED)[number]['tool'][]) =>
    tools.reduce(
      (sum, { name, description, inputSchema }) => sum + name.length + description.length + size(inputSchema),
      0,
    );

  test('has every tool once, in the order of their places', () => {
    const byRank = REGISTRY.toSorted(([, a], [, b]) => a.rank - b.rank).map(([name]) => name);

    expect(LISTED.map(({ tool }) => tool.name)).toEqual(byRank);
  });

  test('costs at most 18,000 characters for what a client is shown by default', () => {
    expect(spent(core)).toBeLessThanOrEqual(18_000);
  });

  test('costs at most 30,000 characters in all', () => {
    expect(spent(LISTED.map(({ tool }) => tool))).toBeLessThanOrEqual(30_000);
  });

  test('costs at most 24,000 characters for the shapes of the replies', () => {
    expect(core.reduce((sum, { outputSchema }) => sum + size(outputSchema), 0)).toBeLessThanOrEqual(24_000);
  });
});

describe('a whole plan', () => {
  test('of four, from initialize to synthesis, costs at most 12,000 characters of replies in 11 calls', async () => {
    await using server = await anOrchestrator();
    const summary = 'word '.repeat(24);
    const replies: unknown[] = [await server.call('initialize_session')];
    const plan = await aPlan(server, [
      aSubtask('Design scraper architecture', [], { specialist_type: 'architect' }),
      aSubtask('Implement the scraper', ['Design scraper architecture']),
      aSubtask('Test the scraper', ['Implement the scraper'], { specialist_type: 'tester' }),
      aSubtask('Document the scraper', ['Implement the scraper'], { specialist_type: 'documenter' }),
    ]);
    replies.push(plan.reply);
    for (const { task_id } of plan.reply.subtasks) {
      replies.push(await server.call('execute_subtask', { task_id }));
      replies.push(await server.call('complete_subtask', completion(task_id, { summary })));
    }
    replies.push(await server.call('synthesize_results', { parent_task_id: plan.planId }));

    expect(summary).toHaveLength(120);
    expect(replies).toHaveLength(11);
    expect(replies.reduce((sum: number, reply) => sum + size(reply), 0)).toBeLessThanOrEqual(12_000);
  });
});

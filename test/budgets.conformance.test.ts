import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUDGET, tokensOf } from '../src/domain/budget.ts';
import { anOrchestrator, aPlan, type Body, completion, type TestOrchestrator } from './harness.ts';

/** What no reply exceeds, in a workspace where everything is as long as it may be and in a script where each character is a token. */
const LONG = '漢字'.repeat(12_000);
const TITLE = (place: number) => `${place} ${'漢'.repeat(490)}`;
const CRITERIA = Array.from({ length: 100 }, (_, place) => `${place} ${'字'.repeat(300)}`);

type Workshop = Readonly<{ server: TestOrchestrator; planId: string; id(place: number): string; artifactId: string }>;
let workshop: Workshop;

/** Sixty tasks of the longest texts: a dozen completed, one that waits for all of those, one handed back ten times, notes, attributes. */
async function aWorkshop(): Promise<Workshop> {
  const server = await anOrchestrator({ config: { synchronous: 'normal' } });
  const subtasks = Array.from({ length: 60 }, (_, place) => ({
    title: TITLE(place),
    description: place === 50 ? LONG : '漢字'.repeat(2_000),
    specialist_type: 'implementer',
    acceptance_criteria: place === 50 ? CRITERIA : CRITERIA.slice(0, 10),
    attributes: { text: '漢'.repeat(8_000), other: '字'.repeat(8_000) },
    dependencies:
      place === 50 ? Array.from({ length: 40 }, (_, other) => TITLE(other)) : place === 51 ? [TITLE(50)] : [],
  }));
  const { reply, planId } = await aPlan(server, subtasks, { description: LONG, context: LONG });
  const id = (place: number) => String(reply.subtasks[place].task_id);
  let artifactId = '';
  for (let place = 0; place < 40; place++) {
    const file_paths = place === 0 ? Array.from({ length: 500 }, (_, file) => `${'フ'.repeat(200)}${file}`) : [];
    const work = { summary: LONG, detailed_work: LONG, file_paths };
    const done = await server.call('complete_subtask', completion(id(place), work));
    if (place === 0) artifactId = done.artifact_info.artifact_id;
  }
  for (let turn = 0; turn < 10; turn++) {
    for (const task of [50, 55])
      await server.call('complete_subtask', completion(id(task), { summary: LONG, next_action: 'needs_revision' }));
    for (const kind of ['decision', 'risk', 'question']) {
      await server.call('add_note', { task_id: id(50), kind, text: LONG });
      await server.call('add_note', { task_id: planId, kind, text: LONG });
    }
  }
  return { server, planId, id, artifactId };
}

beforeAll(async () => {
  workshop = await aWorkshop();
}, 60_000);
afterAll(async () => workshop.server[Symbol.asyncDispose]());

/** A call of each tool that reads; those that write come last, for they change what the others see. */
const CALLS: readonly (readonly [tool: string, args: (given: Workshop) => Body])[] = [
  ['initialize_session', () => ({})],
  ['get_status', () => ({})],
  ['get_status', ({ planId }) => ({ task_id: planId })],
  ['get_task', ({ planId }) => ({ task_id: planId, include: ['artifacts', 'notes', 'events'] })],
  ['get_task', ({ id }) => ({ task_id: id(50), include: ['artifacts', 'notes', 'events'] })],
  ['get_task', ({ id }) => ({ task_id: id(51) })],
  ['query_tasks', () => ({ include: ['dependencies', 'artifacts', 'notes', 'events'] })],
  ['query_tasks', ({ planId }) => ({ filters: { task_ids: planId }, include_hierarchy: true })],
  ['query_tasks', () => ({ fields: ['description', 'context', 'acceptance_criteria', 'attributes'] })],
  ['get_artifact', ({ artifactId }) => ({ artifact_id: artifactId })],
  ['analyze_dependencies', () => ({})],
  ['analyze_dependencies', ({ planId }) => ({ task_id: planId, format: 'mermaid', include_completed: true })],
  ['analyze_dependencies', ({ planId }) => ({ task_id: planId, format: 'dot' })],
  ['get_metrics', () => ({})],
  ['list_sessions', () => ({})],
  ['search', () => ({ query: '漢字', limit: 50 })],
  ['synthesize_results', ({ planId }) => ({ parent_task_id: planId })],
  ['next_task', () => ({ claim: false, explain: true })],
  ['execute_subtask', ({ id }) => ({ task_id: id(50) })],
  ['next_task', () => ({ explain: true })],
  ['update_task', ({ id }) => ({ task_id: id(50), priority: 'high' })],
  [
    'manage_dependencies',
    ({ id }) => ({
      task_id: id(51),
      dependencies: Array.from({ length: 30 }, (_, place) => ({
        dependency_task_id: id(place),
        dependency_type: 'data',
        description: LONG,
      })),
    }),
  ],
  ['manage_lifecycle', ({ id }) => ({ task_id: id(52), lifecycle_stage: 'blocked', notes: LONG })],
  ...['scan_cleanup', 'validate_structure', 'update_documentation', 'prepare_handover'].map(
    (action) =>
      ['maintenance_coordinator', () => ({ action, scope: 'full_project', validation_level: 'full_audit' })] as const,
  ),
  ['add_note', ({ id }) => ({ task_id: id(50), text: LONG })],
  ['complete_subtask', ({ id }) => completion(id(50), { summary: LONG, detailed_work: LONG })],
  [
    'plan_task',
    ({ id }) => ({
      parent_task_id: id(51),
      description: LONG,
      subtasks_json: JSON.stringify([{ title: TITLE(0), description: LONG, specialist_type: 'tester' }]),
    }),
  ],
];

describe('a reply costs no more than its budget, however much there is to say', () => {
  test.each(CALLS)('%s', async (tool, args) => {
    const reply = await workshop.server.call(tool, args(workshop));

    expect(tokensOf(reply)).toBeLessThanOrEqual(BUDGET.default);
  });

  test.each([1_000, 2_000, 18_000])('of %d tokens, where a tool takes one', async (budget_tokens) => {
    for (const [tool, args] of CALLS.filter(([name]) =>
      ['get_status', 'get_task', 'query_tasks', 'analyze_dependencies', 'get_metrics'].includes(name),
    )) {
      const reply = await workshop.server.call(tool, { ...args(workshop), budget_tokens });

      expect(tokensOf(reply)).toBeLessThanOrEqual(budget_tokens);
    }
  });

  test('and says so where something was left out', async () => {
    const reply = await workshop.server.call('get_task', { task_id: workshop.planId });

    expect(reply.truncated).toMatchObject({ omitted: expect.any(Number), how_to_get_more: expect.any(String) });
  });

  test('a refusal that lists things is no longer either', async () => {
    const refusal = await workshop.server.refused('execute_subtask', { task_id: workshop.id(51) });

    expect(tokensOf(refusal)).toBeLessThanOrEqual(BUDGET.default);
  });
});

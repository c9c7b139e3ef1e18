import { describe, expect, test } from 'vitest';
import { pipeTo } from '../../../test/json-rpc-pipe.ts';
import { newTask } from '../../domain/task.ts';
import toolList from './tool-list.generated.json' with { type: 'json' };

const OPEN_PLAN = newTask({ id: 'task_00000001', type: 'plan', title: 'Build it', sessionId: '', createdAt: 0 });
const STORE = {
  context: { tasks: Object.create({ roots: async () => [OPEN_PLAN] }) },
  call: async (name: string, args: object) => ({ called: name, args }),
};

async function get(name: string, args: Readonly<Record<string, string>> = {}): Promise<string> {
  const { result, error } = await pipeTo(STORE).rpc.request('prompts/get', { name, arguments: args });
  return JSON.stringify(result ?? error);
}

describe('prompts', () => {
  test('are listed with their arguments', async () => {
    const { result } = await pipeTo(STORE).rpc.request('prompts/list');

    expect(result).toMatchObject({
      prompts: [
        { name: 'plan-project', arguments: [{ name: 'goal', required: true }, { name: 'context' }] },
        { name: 'resume-work', arguments: [{ name: 'session_id' }] },
        { name: 'review-task', arguments: [{ name: 'task_id', required: true }] },
        { name: 'handover', arguments: [{ name: 'task_id' }] },
      ],
    });
  });

  test('a plan is asked for with the goal and the plans that are open already', async () => {
    const text = await get('plan-project', { goal: 'A shop', context: 'In Rust' });

    expect(text).toContain('Goal: A shop');
    expect(text).toContain('Context: In Rust');
    expect(text).toContain('task_00000001: Build it');
  });

  test.each([
    ['resume-work', { session_id: 'session_00000001' }, 'orchestrator_get_status'],
    ['review-task', { task_id: 'task_00000001' }, 'orchestrator_get_task'],
    ['handover', { task_id: 'task_00000001' }, 'orchestrator_get_status'],
  ])('%s brings the state of things with it', async (name, args, tool) => {
    const text = await get(name, args);

    expect(text).toContain(`{\\"called\\":\\"${tool}\\"`);
    expect(text).toContain(Object.values(args).join());
  });

  test('every call that they name exists', async () => {
    const texts = await Promise.all([
      get('plan-project', { goal: 'x' }),
      get('resume-work'),
      get('review-task', { task_id: 'x' }),
      get('handover'),
    ]);

    const named = new Set(texts.join().match(/orchestrator_[a-z_]+/g));
    expect(toolList.map(({ tool }) => tool.name)).toEqual(expect.arrayContaining([...named]));
  });

  test('an argument that is needed and not given is named', async () => {
    expect(await get('plan-project')).toContain('Missing required argument: goal');
  });

  test('an unknown one is refused with those that there are', async () => {
    expect(JSON.parse(await get('plan-projects'))).toEqual({
      code: -32602,
      message: 'Unknown prompt: plan-projects; did you mean plan-project?',
      data: {
        error: 'Unknown prompt: plan-projects; did you mean plan-project?',
        available_prompts: ['plan-project', 'resume-work', 'review-task', 'handover'],
        did_you_mean: ['plan-project'],
      },
    });
  });
});

import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as soon } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aSubtask, type Body, completion } from '../harness.ts';
import { connectClient } from '../stdio-client.ts';

/** The examples of the API reference, as written. In the plan, the `...` of the subtasks is filled with three more. */
const PLAN = {
  description: 'Build a Python web scraper with testing and documentation',
  subtasks_json:
    '[{"title": "Design scraper architecture", "description": "Plan scalable scraping system", "specialist_type": "architect", "dependencies": [], "estimated_effort": "medium"}, ' +
    '{"title": "Implement scraper", "description": "Fetch and extract products", "specialist_type": "implementer", "dependencies": ["Design scraper architecture"], "estimated_effort": "high"}, ' +
    '{"title": "Test scraper", "description": "Cover broken pages", "specialist_type": "tester", "dependencies": ["Implement scraper"], "estimated_effort": "low"}, ' +
    '{"title": "Document scraper", "description": "Explain how to use it", "specialist_type": "documenter"}]',
  complexity_level: 'moderate',
  context: 'E-commerce product data extraction project',
};
const COMPLETION = {
  summary: 'Completed scalable web scraper architecture design',
  detailed_work: '\n\n# Scraper Architecture Design\n\n\n## Overview\n...',
  file_paths: ['/project/architecture.md', '/project/diagrams/system.png'],
  artifact_type: 'design',
  next_action: 'continue',
};
const ROLES = {
  architect: 'System design and architecture planning',
  implementer: 'Writing code and implementing features',
  debugger: 'Fixing issues and optimizing performance',
  documenter: 'Creating documentation and guides',
  reviewer: 'Code review and quality assurance',
  tester: 'Testing and validation',
  researcher: 'Research and information gathering',
};
const SCAN = { action: 'scan_cleanup', scope: 'current_session', validation_level: 'comprehensive' };

const anId = (prefix: string) => expect.stringMatching(new RegExp(`^${prefix}_[0-9a-z]{8}$`));
const aText = expect.stringMatching(/./);

type Connected = Awaited<ReturnType<typeof connect>>;
type Launch = Omit<Parameters<typeof connectClient>[0], 'workspace'>;

/** The SDK's client, which checks each reply against the output schema that was listed, on a workspace of its own. */
async function connect(launch: Launch = {}) {
  const workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-reference-')));
  const { client, ...connection } = await connectClient({ ...launch, workspace });
  const { tools } = await client.listTools();

  /** The one object that a call answers with, in its text block and, unless it is a refusal, as structured content. */
  const say = async (tool: string, args?: Body) => {
    const result = await client.callTool({ name: tool, ...(args !== undefined && { arguments: args }) });
    const [block] = result.content;
    const text = block?.type === 'text' ? block.text : '';
    const body: Body = JSON.parse(text);
    expect(result.content).toHaveLength(1);
    expect(text).toBe(JSON.stringify(body));
    expect(result.structuredContent).toEqual(result.isError ? undefined : body);
    return { isError: result.isError === true, body };
  };
  const answered = async (tool: string, args?: Body): Promise<Body> => {
    const { isError, body } = await say(tool, args);
    expect(isError, `${tool}: ${JSON.stringify(body)}`).toBe(false);
    return body;
  };
  const refused = async (tool: string, args?: Body): Promise<Body> => {
    const { isError, body } = await say(tool, args);
    expect(isError, `${tool}: ${JSON.stringify(body)}`).toBe(true);
    return body;
  };
  const close = async () => {
    await connection[Symbol.asyncDispose]();
    await rm(workspace, { recursive: true, force: true });
  };
  return { workspace, client, tools, answered, refused, [Symbol.asyncDispose]: close };
}

describe.each(['legacy', 'modern'] as const)('over a connection of the %s era', (era) => {
  let connection: Connected;
  let replies: Awaited<ReturnType<typeof replay>>;

  beforeAll(async () => {
    connection = await connect({ era });
    replies = await replay(connection);
  });
  afterAll(() => connection[Symbol.asyncDispose]());

  /** The basic workflow of the reference, from the session to the synthesis. */
  async function replay({ answered }: Connected) {
    const withoutArguments = await answered('orchestrator_initialize_session');
    const session = await answered('orchestrator_initialize_session', {});
    const plan = await answered('orchestrator_plan_task', PLAN);
    const [design, ...others] = plan.subtasks.map((subtask: Body) => subtask.task_id);
    const execution = await answered('orchestrator_execute_subtask', { task_id: design });
    const completed = await answered('orchestrator_complete_subtask', { task_id: design, ...COMPLETION });
    const status = await answered('orchestrator_get_status', { include_completed: false });
    const ends: Body[] = [];
    for (const task_id of others) {
      await answered('orchestrator_execute_subtask', { task_id });
      ends.push(await answered('orchestrator_complete_subtask', { task_id, ...COMPLETION, next_action: 'complete' }));
    }
    const synthesis = await answered('orchestrator_synthesize_results', { parent_task_id: plan.parent_task_id });
    return {
      withoutArguments,
      session,
      plan,
      planId: plan.parent_task_id,
      design,
      execution,
      completed,
      status,
      ends,
      synthesis,
    };
  }

  test('the client would notice a reply that does not fit its output schema', async () => {
    const { client, tools } = connection;
    const tool = tools.find(({ name }) => name === 'orchestrator_get_status');
    if (tool === undefined) throw new Error('the tool is listed');
    const outputSchema = { type: 'object', required: ['no_such_field'] } as const;

    const call = client.callTool({ name: tool.name, arguments: {} }, { toolDefinition: { ...tool, outputSchema } });

    await expect(call).rejects.toThrow(/output schema/);
    expect(tools.every((listed) => listed.outputSchema !== undefined)).toBe(true);
  });

  test.each(['withoutArguments', 'session'] as const)('initialize_session answers as shown (%s)', (which) => {
    expect(replies[which]).toMatchObject({
      session_initialized: true,
      orchestrator_context: {
        role: 'Task Orchestrator',
        capabilities: expect.arrayContaining(['Breaking down complex tasks', 'Managing dependencies']),
        specialist_roles: ROLES,
      },
      instructions: aText,
      active_tasks: [],
    });
    expect(replies[which]).not.toHaveProperty('recovery_info');
  });

  test('plan_task answers as shown', () => {
    const [design, build, check, explain] = replies.plan.subtasks;

    expect(replies.plan).toMatchObject({
      task_created: true,
      parent_task_id: anId('task'),
      description: PLAN.description,
      complexity: 'moderate',
      next_steps: 'Use orchestrator_execute_subtask to start working on individual subtasks',
    });
    expect(replies.plan.subtasks).toEqual([
      {
        task_id: anId('architect'),
        title: 'Design scraper architecture',
        specialist_type: 'architect',
        dependencies: [],
      },
      {
        task_id: anId('implementer'),
        title: 'Implement scraper',
        specialist_type: 'implementer',
        dependencies: [design.task_id],
      },
      { task_id: anId('tester'), title: 'Test scraper', specialist_type: 'tester', dependencies: [build.task_id] },
      { task_id: anId('documenter'), title: 'Document scraper', specialist_type: 'documenter', dependencies: [] },
    ]);
    expect(new Set([design, build, check, explain].map(({ task_id }) => task_id)).size).toBe(4);
  });

  test('execute_subtask answers as shown', () => {
    expect(replies.execution).toMatchObject({
      specialist_context: {
        role: 'Senior Software Architect',
        expertise: expect.arrayContaining(['System design', 'Architecture patterns']),
        approach: expect.stringMatching(/^Think systematically about requirements/),
        task_details: {
          task_id: replies.design,
          title: 'Design scraper architecture',
          description: 'Plan scalable scraping system',
          specialist_type: 'architect',
        },
      },
      instructions: expect.stringMatching(/^Please complete this task as the architect specialist/),
    });
  });

  test('complete_subtask answers as shown', () => {
    const { artifact_id } = replies.completed.artifact_info;

    expect(replies.completed).toMatchObject({
      task_id: replies.design,
      status: 'completed',
      results_recorded: true,
      parent_task_progress: {
        progress: 'in_progress',
        parent_task_id: replies.planId,
        completed_subtasks: 1,
        total_subtasks: 4,
        progress_percentage: 25,
      },
      artifact_created: true,
      artifact_info: {
        artifact_id: anId('artifact'),
        summary: COMPLETION.summary,
        artifact_type: 'design',
        accessible_via: `.task_orchestrator/artifacts/${replies.design}/${artifact_id}.md`,
      },
      context_saving: {
        detailed_work_length: COMPLETION.detailed_work.length,
        stored_in_filesystem: true,
        prevents_context_limit: true,
      },
    });
    expect(replies.ends.map(({ parent_task_progress }) => parent_task_progress)).toMatchObject([
      { progress: 'in_progress', completed_subtasks: 2, progress_percentage: 50 },
      { progress: 'in_progress', completed_subtasks: 3, progress_percentage: 75 },
      { progress: 'ready_to_synthesize', completed_subtasks: 4, progress_percentage: 100 },
    ]);
  });

  test('get_status answers as shown', () => {
    const shown = replies.plan.subtasks.map(({ task_id, title }: Body) => {
      const status = task_id === replies.design ? 'completed' : 'pending';
      return expect.objectContaining({ task_id, title, status });
    });
    const [plan] = replies.status.active_tasks;

    expect(replies.status).toMatchObject({
      active_tasks: [
        {
          parent_task_id: replies.planId,
          description: PLAN.description,
          progress: { completed: 1, total: 4, percentage: 25 },
        },
      ],
      system_status: { total_active_tasks: 3, health: 'good', recommendations: [] },
    });
    expect(plan.subtasks).toHaveLength(4);
    expect(plan.subtasks).toEqual(expect.arrayContaining(shown));
  });

  test('synthesize_results answers as shown', () => {
    const artifacts = [replies.completed, ...replies.ends].map(({ artifact_info }) => artifact_info.artifact_id);
    const { synthesis } = replies.synthesis;

    expect(replies.synthesis).toMatchObject({
      synthesis_complete: true,
      parent_task_id: replies.planId,
      task_description: PLAN.description,
      completed_subtasks: 4,
      synthesis: { overview: aText, next_steps: [] },
      artifacts: {
        total_artifacts: 4,
        access_instructions: expect.stringContaining('Artifacts are stored in .task_orchestrator/artifacts/'),
      },
    });
    expect(synthesis.artifacts_created.toSorted()).toEqual(artifacts.toSorted());
    expect(replies.synthesis.artifacts.artifact_summary).toHaveLength(4);
    for (const { title } of replies.plan.subtasks) {
      expect(synthesis.key_deliverables).toContainEqual(expect.stringContaining(title));
    }
  });

  test.each([
    SCAN,
    { action: 'scan_cleanup', scope: 'current_session', validation_level: 'basic' },
    { action: 'scan_cleanup', scope: 'full_project', validation_level: 'comprehensive' },
    { action: 'scan_cleanup', scope: 'current_session' },
    { action: 'prepare_handover', validation_level: 'comprehensive' },
    { action: 'validate_structure', scope: 'full_project', validation_level: 'full_audit' },
    { action: 'validate_structure', scope: 'full_project' },
  ])('maintenance_coordinator takes $action, $scope, $validation_level', async (args) => {
    const reply = await connection.answered('orchestrator_maintenance_coordinator', args);

    expect(reply).toMatchObject({
      operation_id: anId('maint'),
      scope: args.scope ?? 'current_session',
      recommendations: expect.any(Array),
    });
    if (args.action !== 'scan_cleanup') return;
    expect(reply.scan_results).toMatchObject({
      total_tasks_scanned: expect.any(Number),
      stale_tasks_found: 0,
      orphaned_tasks: 0,
      incomplete_workflows: 0,
    });
    expect(reply.cleanup_actions).toEqual([]);
  });

  test('create_from_template answers as shown', async () => {
    const { answered } = connection;
    const epic = await answered('orchestrator_create_generic_task', {
      task_type: 'feature_epic',
      attributes: { title: 'Accounts' },
    });
    const parameters = {
      feature_name: 'user_authentication',
      complexity: 'complex',
      team: 'backend',
      deadline: '2025-07-01',
    };

    const reply = await answered('orchestrator_create_from_template', {
      template_id: 'feature_development_v1',
      parameters,
      parent_task_id: epic.task_id,
    });

    const [root, design, implement] = reply.tasks_created;
    expect(reply).toMatchObject({
      template_instantiated: true,
      root_task_id: anId('task'),
      template_id: 'feature_development_v1',
      parameters_applied: parameters,
    });
    expect([root, design, implement]).toEqual([
      {
        task_id: reply.root_task_id,
        task_type: 'feature_epic',
        title: 'Implement user_authentication feature',
        parent_task_id: epic.task_id,
      },
      {
        task_id: anId('architect'),
        task_type: 'specialist_task',
        title: 'Design user_authentication architecture',
        specialist_type: 'architect',
        parent_task_id: root.task_id,
      },
      {
        task_id: anId('implementer'),
        task_type: 'specialist_task',
        title: 'Implement user_authentication',
        specialist_type: 'implementer',
        parent_task_id: root.task_id,
        dependencies: [design.task_id],
      },
    ]);
  });

  test('create_generic_task answers as shown, with a template', async () => {
    const { answered } = connection;
    const parent = await answered('orchestrator_create_generic_task', {
      task_type: 'milestone',
      attributes: { title: 'Accounts' },
    });
    const attributes = {
      title: 'Implement user authentication',
      priority: 'high',
      estimated_effort: '3 weeks',
      assigned_team: 'backend',
    };

    const reply = await answered('orchestrator_create_generic_task', {
      task_type: 'feature_epic',
      parent_task_id: parent.task_id,
      template_id: 'feature_development_v1',
      attributes,
    });

    expect(reply).toMatchObject({
      task_created: true,
      task_id: anId('task'),
      task_type: 'feature_epic',
      parent_task_id: parent.task_id,
      template_id: 'feature_development_v1',
      attributes,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      status: 'pending',
      lifecycle_stage: 'draft',
    });
  });

  test('query_tasks answers as shown', async () => {
    const { answered } = connection;
    const epic = await answered('orchestrator_create_generic_task', {
      task_type: 'feature_epic',
      attributes: { title: 'Sessions' },
    });
    const create = async (title: string, more: Body = {}) => {
      const attributes = { title, specialist_type: 'implementer', priority: 'high', team: 'backend' };
      const task = { task_type: 'specialist_task', parent_task_id: epic.task_id, attributes, ...more };
      return (await answered('orchestrator_create_generic_task', task)).task_id;
    };
    const first = await create('Store sessions');
    const second = await create('Implement user authentication', { dependencies: [{ dependency_task_id: first }] });
    await create('Tell the other team', { attributes: { title: 'Tell', priority: 'low', team: 'frontend' } });
    const filters = {
      task_type: 'specialist_task',
      status: ['pending', 'active'],
      parent_task_id: epic.task_id,
      attributes: { priority: 'high', team: 'backend' },
    };

    const reply = await answered('orchestrator_query_tasks', {
      filters,
      sort: { field: 'created_at', direction: 'desc' },
      limit: 50,
      include_hierarchy: true,
    });

    const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(reply).toEqual({
      query_executed: true,
      total_results: 2,
      returned_results: 2,
      tasks: [
        {
          task_id: second,
          task_type: 'specialist_task',
          parent_task_id: epic.task_id,
          status: 'pending',
          lifecycle_stage: 'draft',
          attributes: {
            title: 'Implement user authentication',
            specialist_type: 'implementer',
            priority: 'high',
            team: 'backend',
          },
          dependencies: [first],
          children: [],
          subtasks: [],
          created_at: aTime,
          updated_at: aTime,
        },
        expect.objectContaining({ task_id: first, dependencies: [] }),
      ],
      query_metadata: { execution_time_ms: expect.any(Number), filters_applied: filters },
    });
  });

  test('a tool that does not exist is an error of the protocol, with the tools that do', async () => {
    const call = connection.client.callTool({ name: 'invalid_tool_name', arguments: {} });

    await expect(call).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('Unknown tool: invalid_tool_name'),
      data: {
        error: 'Unknown tool: invalid_tool_name',
        available_tools: expect.arrayContaining(connection.tools.map(({ name }) => name)),
      },
    });
  });

  test('a parameter that is missing is named', async () => {
    expect(await connection.refused('orchestrator_execute_subtask', {})).toMatchObject({
      error: 'Missing required parameter: task_id',
      required_parameters: ['task_id'],
      provided_parameters: [],
    });
  });

  test.each([
    ['orchestrator_execute_subtask', { task_id: 'invalid_task_123' }],
    ['orchestrator_complete_subtask', { task_id: 'invalid_task_123', ...COMPLETION }],
    ['orchestrator_synthesize_results', { parent_task_id: 'invalid_task_123' }],
  ])('a task that does not exist is said not to, by %s', async (tool, args) => {
    expect(await connection.refused(tool, args)).toMatchObject({
      error: 'Task not found: invalid_task_123',
      suggestion: 'Use orchestrator_get_status to see available tasks',
    });
  });
});

describe('the names of today and the planned ones', () => {
  const PLANNED: Readonly<Record<string, string>> = {
    orchestrator_initialize_session: 'orchestrator_start_workflow',
    orchestrator_get_status: 'orchestrator_check_status',
    orchestrator_maintenance_coordinator: 'orchestrator_maintain_system',
  };

  test('both work, and answer alike', async () => {
    await using connection = await connect({ args: ['--tool-names', 'both'] });
    const { answered, tools } = connection;
    const names = tools.map(({ name }) => name);

    await answered('orchestrator_start_workflow', {});
    await answered('orchestrator_plan_task', PLAN);

    expect(names).toEqual(expect.arrayContaining(Object.entries(PLANNED).flat()));
    expect(await answered('orchestrator_check_status', {})).toEqual(await answered('orchestrator_get_status', {}));
    for (const [today, planned] of Object.entries(PLANNED)) {
      const args = today === 'orchestrator_maintenance_coordinator' ? SCAN : {};
      const [byToday, byPlanned] = [await answered(today, args), await answered(planned, args)];
      expect(Object.keys(byPlanned).sort()).toEqual(Object.keys(byToday).sort());
    }
  });
});

describe('maintenance of work that was left', () => {
  /** Every task is stale that was begun and given back; only the user's own settings can say so. */
  async function impatient() {
    const config = await mkdtemp(join(tmpdir(), 'mto-config-'));
    await mkdir(join(config, 'mcp-task-orchestrator'));
    const settings = { maintenance: { stale_hours: { implementer: 1e-9 } } };
    await writeFile(join(config, 'mcp-task-orchestrator/config.json'), JSON.stringify(settings));
    const connection = await connect({ env: { XDG_CONFIG_HOME: config } });
    const close = async () => {
      await connection[Symbol.asyncDispose]();
      await rm(config, { recursive: true });
    };
    return { ...connection, [Symbol.asyncDispose]: close };
  }

  test('names what it archived, and which workflow is to be looked at, as shown', async () => {
    await using connection = await impatient();
    const { answered } = connection;
    const plan = await answered('orchestrator_plan_task', {
      description: 'Database migration',
      subtasks_json: JSON.stringify(['One', 'Two', 'Three', 'Four', 'Five'].map((title) => aSubtask(title))),
    });
    const [one, two, three] = plan.subtasks.map((subtask: Body) => subtask.task_id);
    await answered('orchestrator_complete_subtask', completion(one));
    await answered('orchestrator_complete_subtask', completion(two));
    await answered('orchestrator_complete_subtask', completion(three, { next_action: 'needs_revision' }));
    const left = Date.now();
    while (Date.now() === left) await soon();

    const reply = await answered('orchestrator_maintenance_coordinator', SCAN);

    expect(reply).toMatchObject({
      operation_id: anId('maint'),
      scope: 'current_session',
      scan_results: { total_tasks_scanned: 6, stale_tasks_found: 1, orphaned_tasks: 0, incomplete_workflows: 1 },
      cleanup_actions: [
        {
          action_type: 'archive_stale_task',
          task_id: three,
          reason: expect.stringMatching(/^Task stale for \d+(\.\d)? hours$/),
          result: 'archived_successfully',
        },
      ],
    });
    expect(reply.recommendations).toContainEqual({
      type: 'manual_review',
      priority: 'medium',
      title: 'Review incomplete workflow',
      description: "Workflow 'Database migration' is 40% complete",
    });
  });
});

describe('a call whose time runs out', () => {
  test('says so, what it was doing, and what would help', async () => {
    await using connection = await connect({ args: ['--timeout', '0.001'] });

    const body = await connection.refused('orchestrator_maintenance_coordinator', SCAN);

    expect(body).toMatchObject({
      error: 'Operation timed out',
      action: 'scan_cleanup',
      suggestions: expect.stringMatching(/Try again with (a )?smaller scope/),
    });
  });
});

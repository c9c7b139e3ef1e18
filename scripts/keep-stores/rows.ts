/** What a column may be given in a fixture. */
export type Value = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, Value>>;

const AT = Date.UTC(2026, 0, 15, 9);
const SESSION = 'session_aaaa1111';
const [PLAN, DONE, OPEN, WAITING] = ['task_aaaa0000', 'architect_bbbb1111', 'implementer_cccc2222', 'tester_dddd3333'];
const ARTIFACT = 'artifact_eeee4444';

const aTask = (id: string, title: string, more: Row): Row => ({
  id,
  title,
  parent_id: PLAN,
  stage: 'ready',
  priority: 1,
  version: 1,
  ...{ children: 0, open_children: 0, completed_children: 0, leaves: 0, completed_leaves: 0 },
  ...{ unmet: 0, failed: 0, gates_above: 0, waiters: 0, actionable_since: null },
  created_at: AT,
  updated_at: AT + 1_000,
  type: 'specialist_task',
  session_id: SESSION,
  description: `${title}, as it was planned: “ünïcödé”, 'quotes' and ${'length '.repeat(20)}`,
  acceptance_criteria: '["It works"]',
  attributes: '{"area":"export","estimate":{"days":2}}',
  ...more,
});

const anEvent = (type: string, task_id: string | null, details: string | null): Row => ({
  at: AT,
  type,
  task_id,
  session_id: SESSION,
  details,
});

/**
 * A plan of three of which one is done and one waits for another, as a server would have left it: what it says about itself
 * has to hold in every version. Tables and columns that are not named here are filled with whatever they take.
 */
export const ROWS: Readonly<Record<string, readonly Row[]>> = {
  sessions: [
    { id: SESSION, agent_name: 'planner', created_at: AT, ended_at: AT + 9_000, process_id: 'process_ffff5555' },
  ],
  processes: [{ id: 'process_ffff5555', host: 'host boot namespace', pid: 4711, started_at: '12345' }],
  tasks: [
    aTask(PLAN, 'The plan', {
      parent_id: null,
      type: 'plan',
      ...{ children: 3, open_children: 2, completed_children: 1, leaves: 3, completed_leaves: 1 },
    }),
    aTask(DONE, 'Design', {
      stage: 'completed',
      specialist: 'architect',
      started_at: AT + 2_000,
      completed_at: AT + 3_000,
    }),
    aTask(OPEN, 'Build', { stage: 'active', specialist: 'implementer', started_at: AT + 4_000, waiters: 1 }),
    aTask(WAITING, 'Test', { specialist: 'tester', unmet: 1, effort: 'low', due_date: '2026-02-01' }),
  ],
  dependencies: [
    {
      task_id: OPEN,
      prerequisite_id: DONE,
      type: 'completion',
      status: 'satisfied',
      position: 0,
      created_at: AT,
      updated_at: AT,
    },
    {
      task_id: WAITING,
      prerequisite_id: OPEN,
      type: 'completion',
      status: 'pending',
      position: 0,
      created_at: AT,
      updated_at: AT,
    },
  ],
  claims: [
    {
      task_id: OPEN,
      id: 'claim_gggg6666',
      holder: SESSION,
      lease_ms: 1_800_000,
      lease_until: AT + 1_804_000,
      taken_at: AT + 4_000,
    },
  ],
  artifacts: [
    {
      id: ARTIFACT,
      task_id: DONE,
      type: 'design',
      outcome: 'complete',
      created_at: AT + 3_000,
      bytes: 8,
      characters: 8,
      // Of "The work".
      sha256: '6ed2d78817e26ce8d49baeaa82390b770da68f05365c1bf65a2bbba5f735a31f',
      session_id: SESSION,
      file_paths: '[{"path":"docs/design.md","isOutside":false}]',
      summary: 'A design',
    },
  ],
  notes: [
    { task_id: DONE, kind: 'decision', at: AT, session_id: SESSION, text: 'One queue per host' },
    { task_id: null, kind: 'risk', at: AT, session_id: SESSION, text: 'The disk is small' },
  ],
  events: [
    anEvent('session.started', null, null),
    anEvent('task.created', PLAN, '{"title":"The plan"}'),
    anEvent('task.claimed', OPEN, '{"claim_id":"claim_gggg6666"}'),
    anEvent('artifact.added', DONE, `{"artifact_id":"${ARTIFACT}","artifact_type":"design","outcome":"complete"}`),
  ],
  replies: [
    { scope: 'orchestrator_add_note', key: 'once', arguments_hash: 'abc', at: AT, reply: '{"note_added":true}' },
  ],
  syntheses: [{ task_id: PLAN, artifact_id: ARTIFACT, at: AT, reply: '{"synthesis_complete":true}' }],
  identities: ['aaaa0000', 'bbbb1111', 'cccc2222', 'dddd3333', 'eeee4444', 'gggg6666'].map((suffix) => ({ suffix })),
  maintenance: [
    {
      id: 'maint_hhhh7777',
      action: 'scan_cleanup',
      session_id: SESSION,
      process_id: 'process_ffff5555',
      started_at: AT,
      seen_at: AT,
    },
  ],
};

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  type TestOrchestrator,
} from '../../../test/harness.ts';

const OWN = 'id: own\nroot: { title: Own }\n';

describe('content', () => {
  test('is saved as it is, and saving the id again makes its next version', async () => {
    await using given = await anOrchestrator();

    const first = await given.call('save_template', { content: OWN });
    const second = await given.call('save_template', { content: `${OWN}# changed\n` });
    const third = await given.call('save_template', { content: `version: 7\n${OWN}` });

    expect([first, second, third].map(({ version }) => version)).toEqual([1, 2, 7]);
    expect((await given.call('get_template', { template_id: 'own', version: 2 })).content).toBe(`${OWN}# changed\n`);
  });

  test('is recorded as saved and as deleted, with its version', async () => {
    await using given = await anOrchestrator();

    await given.call('save_template', { content: OWN });
    await given.call('delete_template', { template_id: 'own' });

    const events = await given.orchestrator.read(({ events }) => events.after(0, 10));
    const details = { template_id: 'own', version: 1 };
    expect(events.slice(-2)).toMatchObject([
      { type: 'template.saved', details },
      { type: 'template.deleted', details },
    ]);
  });

  test('that a file of the project hides is saved, and that is said', async () => {
    await using given = await anOrchestrator();
    await given.call('add_note', { text: 'There is a store now' });
    const folder = join(given.workspace, '.task_orchestrator/templates');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'own.yaml'), OWN);

    const reply = await given.call('save_template', { content: OWN });

    expect(reply.hidden_by).toBe('.task_orchestrator/templates/own.yaml');
  });

  const task = (text: string) => `id: own\nroot: { title: T }\ntasks:\n  - ${text}\n`;
  const parameter = (text: string) => `id: own\nparameters:\n  p: ${text}\nroot: { title: T }\n`;

  test.each([
    ['an unknown key', task('{ key: a, title: A, depends: [b] }'), 4, /tasks\[0\].depends is not a field of a task/],
    ['an unknown key of the file', `${OWN}task: []\n`, 3, /task is not a field of a template; did you mean tasks\?/],
    ['a placeholder in a key', task('{ key: "{{ x }}", title: A }'), 4, /tasks\[0\].key must be lower-case letters/],
    [
      'an unknown name in a text',
      task('{ key: a, title: "A {{ nam }}" }'),
      4,
      /title speaks of nam, which is no parameter/,
    ],
    ['an unknown name in a condition', task('{ key: a, title: A, when: size > 3 }'), 4, /when speaks of size/],
    ['item without a list', task('{ key: a, title: "{{ item }}" }'), 4, /title speaks of item/],
    ['a condition that cannot be read', task('{ key: a, title: A, when: size = 3 }'), 4, /cannot be read at column 6/],
    ['an unknown filter', task('{ key: a, title: "{{ 1 | shell }}" }'), 4, /undefined filter: shell/],
    ['an include', task('{ key: a, title: "{% include x %}" }'), 4, /tag "include" not found/],
    [
      'an unknown dependency',
      task('{ key: a, title: A, depends_on: [b] }'),
      4,
      /a depends on b, which is no key of a task/,
    ],
    [
      'a dependency of an unknown type',
      task('{ key: a, title: A, depends_on: [{ key: a, type: x }] }'),
      4,
      /depends_on\[0\].type must be one of/,
    ],
    [
      'a circle',
      task('{ key: a, title: A, depends_on: [b] }\n  - { key: b, title: B, depends_on: [a] }'),
      4,
      /circle: a waits for b waits for a/,
    ],
    [
      'a circle through the hierarchy',
      task(
        '{ key: a, title: A, children: [{ key: b, title: B, depends_on: [c] }] }\n  - { key: c, title: C, depends_on: [a] }',
      ),
      4,
      /circle: a waits for b waits for c waits for a/,
    ],
    [
      'a task that waits for what it lies in',
      task('{ key: a, title: A, children: [{ key: b, title: B, depends_on: [a] }] }'),
      4,
      /circle: a waits for b waits for a/,
    ],
    [
      'an approval with tasks below it',
      task('{ key: a, title: A, task_type: approval, children: [{ key: b, title: B }] }'),
      4,
      /takes no children/,
    ],
    ['a key twice', task('{ key: a, title: A, children: [{ key: a, title: B }] }'), 4, /two tasks have the key a/],
    ['a task without a title', task('{ key: a }'), 4, /a has no title/],
    ['a task without a key', task('{ title: A }'), 4, /tasks\[0\].key is missing/],
    [
      'a priority that there is not',
      task('{ key: a, title: A, priority: urgent }'),
      4,
      /priority must be one of low, medium/,
    ],
    ['a list that there is not', task('{ key: a, title: A, for_each: parts }'), 4, /for_each speaks of parts/],
    ['a tag', task('{ key: a, title: !!binary aGk= }'), 4, /tags are not understood/],
    ['a function', task('{ key: a, title: !!js/function "x" }'), 4, /tags are not understood: !!js\/function$/],
    ['a tag of its own', task('{ key: a, title: !x A }'), 4, /tags are not understood: !x$/],
    ['a second document', `${OWN}---\n${OWN}`, 3, /a file holds one template/],
    ['a specialist that there is not', task('{ key: a, title: A, specialist_type: testr }'), 4, /did you mean tester/],
    ['a title that is too long', task(`{ key: a, title: ${'x'.repeat(501)} }`), 4, /title has at most 500 characters/],
    [
      'an effort that is too long',
      task(`{ key: a, title: A, estimated_effort: ${'x'.repeat(101)} }`),
      4,
      /at most 100/,
    ],
    ['a date that there is not', task('{ key: a, title: A, due_date: 2026-02-30 }'), 4, /due_date must be a date such/],
    [
      'an attribute that is a field of tasks',
      task('{ key: a, title: A, attributes: { status: x } }'),
      4,
      /status is a field of the task/,
    ],
    [
      'an attribute that stands beside attributes',
      task('{ key: a, title: A, attributes: { priority: high } }'),
      4,
      /attributes.priority: priority is written beside attributes/,
    ],
    [
      'a placeholder in a default',
      parameter('{ type: string, default: "{{ q }}" }'),
      3,
      /the default of p cannot hold a placeholder/,
    ],
    ['a version beyond all counting', `${OWN}version: 9007199254740991\n`, 3, /version must be at most 1000000/],
    ['an unquoted placeholder', 'id: own\nroot: { title: {{ x }} }\n', 2, /wants quotes/],
    ['a parameter of no type', parameter('{ description: P }'), 3, /the parameter p has no type/],
    ['a parameter of an unknown type', parameter('{ type: text }'), 3, /parameters.p.type must be one of/],
    ['an enum without values', parameter('{ type: enum }'), 3, /the enum p has no values/],
    [
      'a default that does not fit',
      parameter('{ type: integer, default: x }'),
      3,
      /the default of p must be a whole number/,
    ],
    ['a bound of another type', parameter('{ type: string, min: 3 }'), 3, /min is for number, integer, date/],
    [
      'a pattern that explodes elsewhere',
      parameter('{ type: string, pattern: "(a)\\\\1" }'),
      3,
      /patterns of templates cannot have/,
    ],
    ['a default from nowhere', parameter('{ type: string, default_from: q }'), 3, /default_from names q/],
    [
      'a default from itself',
      parameter('{ type: string, default_from: p }'),
      3,
      /default_from leads in a circle: p, then p/,
    ],
    [
      'a parameter called item',
      'id: own\nparameters: { item: { type: string } }\nroot: { title: T }',
      2,
      /no parameter can be called item/,
    ],
    ['an id that is none', 'id: ../own\n', 1, /id must be at most 40 lower-case letters/],
    ['an id that is kept for others', 'id: task\n', 1, /id must be a name that is not kept for ids/],
    ['a title of which nothing shows', task('{ key: a, title: "\\u200b" }'), 4, /a has no title/],
    [
      'a parameter that no object has',
      `${OWN}parameters: { __proto__: { type: string } }\n`,
      3,
      /__proto__ is no name/,
    ],
    [
      'a number that is none',
      task('{ key: a, title: A, attributes: { x: .nan } }'),
      4,
      /attributes.x must be what JSON can say/,
    ],
  ])('with %s is refused with its line', async (_, content, line, error) => {
    await using given = await anOrchestrator();

    const body = await given.refused('save_template', { content });

    expect(body).toMatchObject({ code: 'invalid', parameter: 'content', line });
    expect(body.error).toMatch(error);
    expect((await given.refused('get_template', { template_id: 'own' })).code).toBe('not_found');
  });

  test.each([
    [
      'aliases that grow',
      [
        'a: &a [x, x]',
        ...'bcdefgh'.split('').map((name, at) => `${name}: &${name} [${`*${'abcdefgh'[at]},`.repeat(9)}]`),
      ].join('\n'),
      /repeats more by aliases than a template may/,
    ],
    ['a text that repeats itself', `${OWN}x: &x [*x, *x]`, /nested deeper|is not a field/],
    ['endless nesting', '['.repeat(30_000), /nested deeper than can be read/],
    ['more than 100 KB', `${OWN}# ${'x'.repeat(103_000)}`, /at most 102400/],
    [
      'more than 500 tasks',
      `${OWN}tasks:\n${Array.from({ length: 501 }, (_, at) => `  - { key: k${at}, title: T }`).join('\n')}`,
      /at most 500 tasks; these are 501/,
    ],
    ['tasks nested 21 deep', `${OWN}tasks: ${JSON.stringify([nested(21)])}`, /deeper than 20 levels/],
  ])('with %s is refused at once', async (_, content, error) => {
    await using given = await anOrchestrator();

    expect((await given.refused('save_template', { content })).error).toMatch(error);
  });

  test('and a task together are refused, as are neither of them', async () => {
    await using given = await anOrchestrator();

    for (const args of [{}, { content: OWN, from_task_id: 'task_00000000' }]) {
      expect(await given.refused('save_template', args)).toMatchObject({
        code: 'invalid',
        error: expect.stringContaining('one of them'),
      });
    }
  });
});

const nested = (depth: number): Body => ({
  key: `k${depth}`,
  title: 'T',
  ...(depth > 1 && { children: [nested(depth - 1)] }),
});

/** A plan of four with a cancelled step between two others, ended. */
async function anEndedPlan(given: TestOrchestrator) {
  const plan = await aPlan(
    given,
    [
      aSubtask('Design the billing', [], { specialist_type: 'architect', priority: 'high' }),
      aSubtask('Ask about billing', ['Design the billing']),
      aSubtask('Build billing', ['Ask about billing'], {
        estimated_effort: 'high',
        attributes: { area: 'billing', size: 3 },
      }),
      aSubtask('Show {{ billing }} & {% x %}', ['Build billing']),
    ],
    { description: 'Launch billing\nBillings are not billing.', context: 'In billing we trust' },
  );
  const [asked, built] = [plan.id('Ask about billing'), plan.id('Build billing')];
  await given.call('complete_subtask', completion(plan.id('Design the billing')));
  await given.call('manage_lifecycle', { task_id: asked, lifecycle_stage: 'cancelled' });
  await given.call('manage_lifecycle', { task_id: built, lifecycle_stage: 'active', validation_checks: false });
  await given.call('complete_subtask', completion(built));
  await given.call('complete_subtask', completion(plan.id('Show {{ billing }} & {% x %}')));
  await given.call('synthesize_results', { parent_task_id: plan.planId });
  return plan.planId;
}

describe('an ended plan', () => {
  test('becomes a template in which phrases of it are parameters', async () => {
    await using given = await anOrchestrator();
    const planId = await anEndedPlan(given);

    const saved = await given.call('save_template', {
      from_task_id: planId,
      template_id: 'launch_v1',
      parameters: { feature: 'billing' },
    });
    const { content } = await given.call('get_template', { template_id: 'launch_v1' });
    const made = await given.call('create_from_template', {
      template_id: 'launch_v1',
      parameters: { feature: 'search' },
    });

    expect(saved).toMatchObject({
      tasks: 3,
      left_out: ['Ask about billing'],
      parameters: { feature: expect.stringContaining('required') },
    });
    expect(content).not.toMatch(/task_[0-9a-z]{8}|\d{4}-\d\d-\d\d/);
    expect(content).toMatch(/^# yaml-language-server: \$schema=/);
    expect(made.tasks_created.map(({ title }: Body) => title)).toEqual([
      'Launch search',
      'Design the search',
      'Build search',
      'Show {{ search }} & {% x %}',
    ]);
    expect(made.dependencies_in_words).toEqual([
      'Build search waits for Design the search to be completed',
      'Show {{ search }} & {% x %} waits for Build search to be completed',
    ]);
    expect(await given.call('get_task', { task_id: made.root_task_id })).toMatchObject({
      task_type: 'plan',
      description: 'Launch search\nBillings are not search.',
      context: 'In search we trust',
    });
    expect(await given.call('get_task', { task_id: made.tasks_created[2].task_id })).toMatchObject({
      attributes: { area: 'search', size: 3 },
      estimated_effort: 'high',
    });
  });

  test('of a plan whose role is gone is refused with what is to be changed in the plan', async () => {
    await using given = await anOrchestrator();
    const role = join(given.workspace, '.task_orchestrator/roles/translator.yaml');
    await mkdir(dirname(role), { recursive: true });
    await writeFile(
      role,
      'description: Translates\nrole_definition: You translate.\nexpertise: [French]\napproach: Read.\n',
    );
    const plan = await aPlan(given, [aSubtask('Translate', [], { specialist_type: 'translator' })]);
    await given.call('complete_subtask', completion(plan.id('Translate')));
    await given.call('synthesize_results', { parent_task_id: plan.planId });
    await rm(role);

    const refusal = await given.refused('save_template', { from_task_id: plan.planId, template_id: 'own' });

    expect(refusal).toMatchObject({
      parameter: 'from_task_id',
      error: expect.stringContaining('no specialist translator'),
      suggestion: expect.stringContaining('orchestrator_update_task'),
    });
  });

  test('keeps a text of several lines as lines that can be read and edited', async () => {
    await using given = await anOrchestrator();
    const description = `Run this, which is explained at such length that this line is much longer than any line of a file that people write by hand would be:
\`\`\`sh
index="$(git rev-parse)" # a comment

  git add --all
\`\`\`
Then look.`;
    const plan = await aPlan(given, [aSubtask('Back up', [], { description })]);
    await given.call('complete_subtask', completion(plan.id('Back up')));
    await given.call('synthesize_results', { parent_task_id: plan.planId });

    await given.call('save_template', { from_task_id: plan.planId, template_id: 'own' });

    const { content } = await given.call('get_template', { template_id: 'own' });
    const block = description.split('\n').map((line) => (line === '' ? '' : `      ${line}`));
    expect(content).toContain(`    description: |-\n${block.join('\n')}\n`);
    const made = await given.call('create_from_template', { template_id: 'own' });
    const copy = await given.call('get_task', { task_id: made.tasks_created[1].task_id });
    expect(copy.description).toBe(description);
  });

  test.each([
    ['lines that end in spaces', 'a  \nb\t\n'],
    ['empty lines at both ends', '\n\na\n\n\n'],
    ['lines that begin with spaces', '   a\n b'],
    ['what looks like YAML', '---\nkey: [a\n# b\n...\n'],
    ['line ends of Windows', 'a\r\nb'],
    ['a long line without a space', `${'x'.repeat(500)}\ny`],
    ['one long line', 'word '.repeat(200)],
    ['letters of all kinds', 'ä 日本 😀\n\u0085\u2028x'],
  ])('keeps a text with %s as it is', async (_, context) => {
    await using given = await anOrchestrator();
    const plan = await aPlan(given, [aSubtask('One')], { context });
    await given.call('complete_subtask', completion(plan.id('One')));
    await given.call('synthesize_results', { parent_task_id: plan.planId });

    await given.call('save_template', { from_task_id: plan.planId, template_id: 'own' });

    const made = await given.call('create_from_template', { template_id: 'own' });
    expect((await given.call('get_task', { task_id: made.root_task_id })).context).toBe(context);
  });

  test('is refused with a phrase that stands nowhere in it', async () => {
    await using given = await anOrchestrator();
    const planId = await anEndedPlan(given);

    expect(
      await given.refused('save_template', { from_task_id: planId, template_id: 'x', parameters: { name: 'bill' } }),
    ).toMatchObject({ error: expect.stringContaining('"bill" stands nowhere in the plan') });
  });

  test('needs an id, and to have ended', async () => {
    await using given = await anOrchestrator();
    const { planId } = await aPlan(given, [aSubtask('One')]);

    expect(await given.refused('save_template', { from_task_id: planId })).toMatchObject({
      error: 'Missing required parameter: template_id',
    });
    expect(await given.refused('save_template', { from_task_id: planId, template_id: 'x' })).toMatchObject({
      code: 'refused',
      error: `Task ${planId} is ready; a template is made of a plan that has ended`,
    });
  });
});

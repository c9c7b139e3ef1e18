import { expect, test } from 'vitest';
import { anOrchestrator } from '../../../test/harness.ts';

const save = 'id: own\nroot: { title: Own }\n';

test('a saved template is gone once it is deleted, and comes back with what was kept of it', async () => {
  await using given = await anOrchestrator();
  await given.call('save_template', { content: save });

  const reply = await given.call('delete_template', { template_id: 'own' });
  const gone = await given.refused('create_from_template', { template_id: 'own', parameters: {} });
  const { content } = await given.call('get_template', { template_id: 'own', version: 1 });
  const again = await given.call('save_template', { content });

  expect(reply).toMatchObject({ template_deleted: true, versions: [1] });
  expect(gone.code).toBe('not_found');
  expect(again.version).toBe(2);
});

test('what a deleted template hid is used again', async () => {
  await using given = await anOrchestrator();
  await given.call('save_template', { content: 'id: feature_development_v1\nroot: { title: Own }\n' });

  const reply = await given.call('delete_template', { template_id: 'feature_development_v1' });

  expect(reply.now_used).toBe('built_in');
  expect((await given.call('get_template', { template_id: 'feature_development_v1' })).source).toBe('built_in');
});

test('only what was saved can be deleted', async () => {
  await using given = await anOrchestrator();

  expect(await given.refused('delete_template', { template_id: 'feature_development_v1' })).toMatchObject({
    code: 'refused',
    error: 'Template feature_development_v1 is built in; only saved templates can be deleted',
  });
  expect(await given.refused('delete_template', { template_id: 'nope' })).toMatchObject({ code: 'not_found' });
});

test('a template that another extends is not deleted', async () => {
  await using given = await anOrchestrator();
  await given.call('save_template', { content: save });
  await given.call('save_template', { content: 'id: other\nextends: own\n' });

  expect(await given.refused('delete_template', { template_id: 'own' })).toMatchObject({
    error: 'Template own is extended by other',
    extended_by: ['other'],
  });
});

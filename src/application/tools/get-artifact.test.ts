import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anOrchestrator, aPlan, aSubtask, completion, type TestOrchestrator } from '../../../test/harness.ts';

/** An artifact with this work. */
async function anArtifact(server: TestOrchestrator, detailed_work: string) {
  const { id } = await aPlan(server, [aSubtask('a')]);
  const { artifact_info } = await server.call('complete_subtask', completion(id('a'), { detailed_work, summary: 'S' }));
  return { task_id: id('a'), artifact_id: String(artifact_info.artifact_id), path: artifact_info.accessible_via };
}

describe('get_artifact', () => {
  test('the work comes back as it was handed in', async () => {
    const clock = () => Date.UTC(2026, 0, 1);
    await using server = await anOrchestrator({ clock });
    const { artifact_id, task_id, path } = await anArtifact(server, 'Ünïcödé 🚀\r\n---\n\0');

    const reply = await server.call('get_artifact', { artifact_id });

    expect(reply).toEqual({
      artifact_id,
      task_id,
      artifact_type: 'general',
      outcome: 'complete',
      summary: 'S',
      state: 'intact',
      content: 'Ünïcödé 🚀\r\n---\n\0',
      offset: 0,
      total_characters: 'Ünïcödé 🚀\r\n---\n\0'.length,
      file_paths: [],
      accessible_via: path,
      created_at: '2026-01-01T00:00:00.000Z',
    });
  });

  test('long work comes in pieces that make up the whole', async () => {
    await using server = await anOrchestrator();
    const work = Array.from({ length: 9_000 }, (_, place) => `${place} 🚀`).join('\n');
    const { artifact_id } = await anArtifact(server, work);

    let content = '';
    for (let offset: number | undefined = 0; offset !== undefined; ) {
      const reply: Awaited<ReturnType<typeof server.call>> = await server.call('get_artifact', {
        artifact_id,
        offset,
        length: 7_001,
      });
      content += reply.content;
      offset = reply.next_offset;
    }

    expect(content).toBe(work);
  });

  test('pieces begin and end at whole characters', async () => {
    await using server = await anOrchestrator();
    const { artifact_id } = await anArtifact(server, '🚀'.repeat(10));

    const reply = await server.call('get_artifact', { artifact_id, length: 3 });

    expect(reply).toMatchObject({ content: '🚀', next_offset: 2 });
  });

  test('text outside Latin comes in smaller pieces', async () => {
    await using server = await anOrchestrator();
    const { artifact_id } = await anArtifact(server, '漢'.repeat(30_000));

    const reply = await server.call('get_artifact', { artifact_id, length: 50_000 });

    expect(reply.content.length).toBeGreaterThan(17_000);
    expect(reply.content.length).toBeLessThan(18_000);
    expect(reply.next_offset).toBe(reply.content.length);
  });

  test('a single character that needs two units comes whole', async () => {
    await using server = await anOrchestrator();
    const { artifact_id } = await anArtifact(server, '🚀🚀');

    const reply = await server.call('get_artifact', { artifact_id, length: 1 });

    expect(reply).toMatchObject({ content: '🚀', next_offset: 2 });
  });

  test('a long summary and a thousand files do not make the reply larger than its budget', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { artifact_info } = await server.call(
      'complete_subtask',
      completion(id('a'), {
        summary: 'word '.repeat(20_000),
        file_paths: Array.from({ length: 1_000 }, (_, place) => `src/${'folder/'.repeat(50)}${place}.ts`),
      }),
    );

    const reply = await server.call('get_artifact', { artifact_id: artifact_info.artifact_id });

    expect(JSON.stringify(reply).length / 3).toBeLessThan(6_000);
    expect(reply.truncated.omitted).toBe(1_000 - reply.file_paths.length);
  });

  test('beyond the end there is nothing', async () => {
    await using server = await anOrchestrator();
    const { artifact_id } = await anArtifact(server, 'short');

    const reply = await server.call('get_artifact', { artifact_id, offset: 100 });

    expect(reply.content).toBe('');
    expect(reply).not.toHaveProperty('next_offset');
  });

  test('an unambiguous beginning of the id is enough', async () => {
    await using server = await anOrchestrator();
    const { artifact_id } = await anArtifact(server, 'work');

    const reply = await server.call('get_artifact', { artifact_id: artifact_id.slice(0, -4) });

    expect(reply.artifact_id).toBe(artifact_id);
  });

  test('a beginning that is too short is refused, saying how much is needed', async () => {
    await using server = await anOrchestrator();
    const { artifact_id } = await anArtifact(server, 'work');

    const refusal = await server.refused('get_artifact', { artifact_id: artifact_id.slice(0, -5) });

    expect(refusal.suggestion).toContain('at least 4 characters after the _');
  });

  test('a file that was altered is told, with what it holds now', async () => {
    await using server = await anOrchestrator();
    const { artifact_id, path } = await anArtifact(server, 'the work');
    const file = join(server.workspace, path);
    await writeFile(file, (await readFile(file, 'utf8')).replace('the work', 'another'));

    const reply = await server.call('get_artifact', { artifact_id });

    expect(reply).toMatchObject({ state: 'altered', content: 'another' });
  });

  test('a file that is gone is told, with what is known of it', async () => {
    await using server = await anOrchestrator();
    const { artifact_id, path } = await anArtifact(server, 'the work');
    await rm(join(server.workspace, path));

    const reply = await server.call('get_artifact', { artifact_id });

    expect(reply).toMatchObject({ state: 'missing', content: '', summary: 'S', total_characters: 8 });
  });

  test('an unknown artifact is refused, naming those that were probably meant', async () => {
    await using server = await anOrchestrator();
    const { artifact_id } = await anArtifact(server, 'the work');
    const last = artifact_id.at(-1) === 'x' ? 'y' : 'x';

    const refusal = await server.refused('get_artifact', { artifact_id: artifact_id.slice(0, -1) + last });

    expect(refusal).toMatchObject({ code: 'not_found', did_you_mean: [artifact_id] });
    expect(refusal.error).toMatch(/^Artifact not found: /);
  });

  test.each([{ offset: -1 }, { length: 0 }, { length: 50_001 }, { offset: 1.5 }])('%j is refused', async (given) => {
    await using server = await anOrchestrator();
    const { artifact_id } = await anArtifact(server, 'the work');

    const refusal = await server.refused('get_artifact', { artifact_id, ...given });

    expect(refusal).toMatchObject({ code: 'invalid', parameter: Object.keys(given)[0] });
  });
});

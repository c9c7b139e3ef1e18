import { z } from 'zod';
import { type Artifact, artifactPath } from '../../domain/artifact.ts';
import { BUDGET, beginningWithin, spending } from '../../domain/budget.ts';
import { notFound } from '../../domain/errors.ts';
import { Truncated } from '../fields.ts';
import { alike, isTooShort, LONGER, onlyWithPrefix, theTask } from '../find.ts';
import { type Context, defineTool } from '../tool.ts';
import { echo, iso, truncation } from '../views.ts';

export default defineTool({
  name: 'orchestrator_get_artifact',
  title: 'Read an artifact',
  description:
    'Returns the recorded work of an artifact, a piece at a time, checked against its hash: state is intact, altered or missing.',
  set: 'core',
  rank: 100,
  effect: 'read',
  input: z.strictObject({
    artifact_id: z.string().min(1).max(200).describe('Artifact id, or its beginning (4 after the _)'),
    offset: z.number().int().min(0).default(0).describe('Characters to skip'),
    length: z.number().int().min(1).max(50_000).describe('Most characters, default 12000').optional(),
  }),
  output: z.object({
    artifact_id: z.string(),
    task_id: z.string(),
    artifact_type: z.string(),
    outcome: z.string(),
    summary: z.string(),
    state: z.enum(['intact', 'altered', 'missing']),
    content: z.string(),
    offset: z.number(),
    next_offset: z.number().optional(),
    total_characters: z.number(),
    file_paths: z.array(z.string()),
    outside_workspace: z.array(z.string()).optional(),
    accessible_via: z.string(),
    created_at: z.string(),
    truncated: Truncated.optional(),
  }),
  examples: [{ title: 'The beginning of the design', input: { artifact_id: 'artifact_xyz78900', length: 200 } }],

  async prepare({ artifact_id }, { read, artifactFiles }) {
    const artifact = await read((context) => theArtifact(context, artifact_id));
    return { artifact, file: await artifactFiles.read(artifact) };
  },

  async run({ offset, length }, _context, { artifact, file }) {
    const work = file.state === 'missing' ? '' : file.work;
    const spend = spending((length === undefined ? BUDGET.default : BUDGET.most) - FRAME_TOKENS);
    const content = spend.pay(beginningWithin(pieceOf(work, offset, length ?? DEFAULT_LENGTH), spend.left()));
    const paths = spend.list(artifact.filePaths, 0.5);
    const outside = spend.list(paths.filter(({ isOutside }) => isOutside));
    const end = offset + content.length;
    return {
      artifact_id: artifact.id,
      task_id: artifact.taskId,
      artifact_type: artifact.type,
      outcome: artifact.outcome,
      summary: echo(artifact.summary),
      state: file.state,
      content,
      offset,
      ...(end < work.length && { next_offset: end }),
      total_characters: file.state === 'missing' ? artifact.characters : work.length,
      file_paths: paths.map(({ path }) => path),
      ...(outside.length > 0 && { outside_workspace: outside.map(({ path }) => path) }),
      accessible_via: artifactPath(artifact),
      created_at: iso(artifact.createdAt),
      ...truncation(spend, 'The file that accessible_via names lists all of its file_paths'),
    };
  },
});

const DEFAULT_LENGTH = 12_000;
/** What is said beside the content. */
const FRAME_TOKENS = 450;

/** A piece of a text that ends between two characters: one that would be cut in two is left to the next piece, or taken whole where it is the only one. */
function pieceOf(text: string, offset: number, length: number): string {
  const end = offset + length;
  const splitsPair = /[\uD800-\uDBFF]/.test(text.charAt(end - 1)) && end < text.length;
  return text.slice(offset, splitsPair ? (length > 1 ? end - 1 : end + 1) : end);
}

const isGivenUp = ({ id, taskId }: Pick<Artifact, 'id' | 'taskId'>) =>
  notFound('Artifact', `${id} was given up with its cancelled task and lies in the trash`, {
    task_id: taskId,
    suggestion: `Use orchestrator_manage_lifecycle with task_id ${taskId} and lifecycle_stage ready to take task and work up again`,
  });

const LIST_THEM = 'orchestrator_get_task with include ["artifacts"] to see the artifacts of a task';

async function theArtifact(context: Context, idOrPrefix: string) {
  const { artifacts } = context;
  const id = (await onlyWithPrefix(artifacts, idOrPrefix)) ?? idOrPrefix;
  const artifact = await artifacts.find(id);
  if (artifact !== undefined) {
    await theTask(context, artifact.taskId);
    return artifact;
  }
  const [givenUp] = await context.givenUp.among([id]);
  if (givenUp !== undefined) throw isGivenUp(givenUp);
  const meant = await alike(artifacts, idOrPrefix);
  throw notFound('Artifact', idOrPrefix, {
    ...(meant.length > 0 && { did_you_mean: meant }),
    suggestion: (await isTooShort(artifacts, idOrPrefix)) ? `${LONGER}, or use ${LIST_THEM}` : `Use ${LIST_THEM}`,
  });
}

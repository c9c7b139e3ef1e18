import type { Dependency } from '../domain/dependencies.ts';
import type { Event } from '../domain/event.ts';
import type { Context } from './tool.ts';
import { echo, iso } from './views.ts';

/** Who approved, rejected or waived something, when, and what was said with it. */
export type Word = Readonly<{ by: string; at: number; comment: string | undefined }>;

const WORDS: readonly string[] = ['dependency.approved', 'dependency.rejected', 'dependency.waived'];
/** Events of a task among which the word about it is looked for, the latest. */
const LOOKED_AT = 500;

/** The last word about an approval itself. */
export const wordOn = (context: Context, taskId: string): Promise<Word | undefined> =>
  lastWord(context, taskId, ({ details }) => details?.dependency_task_id === undefined);

/** The last word about an edge; undefined where it was judged by its prerequisite alone. */
export async function wordOnEdge(context: Context, edge: Dependency): Promise<Word | undefined> {
  if (edge.verdict === undefined) return undefined;
  const isAbout = ({ details }: Event) =>
    details?.dependency_task_id === edge.prerequisiteId && details.dependency_type === edge.type;
  return lastWord(context, edge.taskId, isAbout);
}

async function lastWord({ events, sessions }: Context, taskId: string, isAbout: (event: Event) => boolean) {
  const said = (await events.of(taskId, LOOKED_AT)).findLast((event) => WORDS.includes(event.type) && isAbout(event));
  if (said === undefined) return undefined;
  const { by, comment } = said.details ?? {};
  const agent = (await sessions.find(said.sessionId))?.agentName;
  return {
    by: typeof by === 'string' ? by : (agent ?? said.sessionId),
    at: said.at,
    comment: typeof comment === 'string' ? comment : undefined,
  };
}

export const wordView = (edge: Dependency, { by, at, comment }: Word) => ({
  verdict: edge.verdict,
  by: echo(by),
  at: iso(at),
  ...(comment !== undefined && { comment: echo(comment) }),
});

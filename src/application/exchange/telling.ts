import { cut } from '../../domain/task.ts';
import type { Importing } from './importing.ts';

/** As much of a title as people know a task by. */
export const briefly = (title: string) => cut(title, 80);

/** Read together. */
const BATCH = 1_000;

/**
 * Tells of open tasks that came from the same place before, and that are in the file no more. Nothing is done to them.
 * What has ended needs nothing, and is not told of.
 */
export async function tellGone({ context, account, survey }: Importing, scope: string): Promise<void> {
  let after = 0;
  for (let isMore = true; isMore; ) {
    const page = await context.exchange.broughtFrom(scope, { after, limit: BATCH });
    for (const { id, title, origin, stage } of page) {
      if (survey.numbers.has(origin)) continue;
      const remark = {
        task_id: id,
        title: briefly(title),
        place: origin,
        why: `it is ${stage} here`,
      };
      account.tell('gone', remark);
    }
    after = page.at(-1)?.seq ?? after;
    isMore = page.length === BATCH;
  }
}

/** Names the tasks of what is told, with where the file has them: an id alone says nothing, least of all that of a dry run. */
export async function nameTasks({ context, account, places, survey }: Importing): Promise<void> {
  const nameless = new Set<string>();
  account.amend((remark) => {
    if (remark.task_id !== undefined && remark.title === undefined) nameless.add(remark.task_id);
    return remark;
  });
  const titles = new Map((await context.tasks.findAll([...nameless])).map(({ id, title }) => [id, briefly(title)]));
  const origins = new Map(
    [...places.ids.entries()].flatMap(([number, id]) =>
      nameless.has(id) ? [[id, survey.tasks.at(number)?.place] as const] : [],
    ),
  );
  account.amend(({ task_id = '', ...remark }) => ({
    ...(task_id !== '' && { task_id, title: titles.get(task_id), place: origins.get(task_id) }),
    ...remark,
  }));
}

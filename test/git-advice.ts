import { anOrchestrator } from './harness.ts';

type Filling = Readonly<Record<string, string>>;

/** What the briefings of git_automation_v1 advise, to be run as it stands there. */
export async function advice(given: Readonly<Record<string, unknown>> = {}) {
  await using server = await anOrchestrator();
  const call = { template_id: 'git_automation_v1', parameters: given };
  const { tasks_created: foreseen } = await server.call('create_from_template', { ...call, dry_run: true });
  const { tasks_created: made } = await server.call('create_from_template', call);
  const texts = new Map<string, string>();
  for (const [place, { task_id: key }] of foreseen.entries()) {
    texts.set(key, (await server.call('get_task', { task_id: made[place].task_id })).description);
  }
  const textOf = (key: string) => texts.get(key) ?? '';
  return {
    /** The first block of a task. */
    block: (key: string) => /```sh\n(.*?)```/s.exec(textOf(key))?.[1] ?? '',
    /** The command within a task's text that begins so, with its words in angle brackets filled in. */
    command(key: string, beginning: string, filling: Filling = {}) {
      const said = Array.from(textOf(key).matchAll(/`([^`\n]+)`/g), ([, command = '']) => command);
      const found = said.find((command) => command.startsWith(beginning)) ?? `no ${beginning} in ${key}`;
      return Object.entries(filling).reduce((filled, [word, value]) => filled.replaceAll(`<${word}>`, value), found);
    },
  };
}

/** What the health of the work is judged by. */
export type Situation = Readonly<{
  /** Open leaves, and how many of them can be taken or are being worked on. */
  open: number;
  ready: number;
  inProgress: number;
  blocked: number;
  /** Leaves that wait for something which failed, so that they cannot start as things stand. */
  stuck: number;
  /** Claims whose holder is gone. */
  abandoned: number;
  /** Plans whose parts have all ended. */
  upForSynthesis: number;
  /** Plans whose parts have all ended with none completed: nothing goes on by itself there. */
  fruitless: number;
}>;

export type Health = 'good' | 'degraded' | 'critical';

/** More open tasks than this are hard to oversee; the store itself does not mind. */
const OVERSEEN_TASKS = 100;
/** From this share of blocked and stuck tasks on, the plan needs a person more than another worker. */
const HELD_UP_SHARE = 0.25;

/**
 * `critical`: there is open work, and nothing of it can be taken or is being worked on.
 * `degraded`: something is stuck or abandoned, or a quarter of the open tasks is blocked or stuck.
 */
export function healthOf({ open, ready, inProgress, blocked, stuck, abandoned, upForSynthesis }: Situation): Health {
  if (open > 0 && ready + inProgress + upForSynthesis === 0) return 'critical';
  const isHeldUp = open > 0 && (blocked + stuck) / open >= HELD_UP_SHARE;
  return stuck > 0 || abandoned > 0 || isHeldUp ? 'degraded' : 'good';
}

/** What would help, each as a sentence with the call to make. */
export function recommendations(situation: Situation): readonly string[] {
  const { open, ready, inProgress, blocked, stuck, abandoned, upForSynthesis, fruitless } = situation;
  const advice: readonly (readonly [boolean, string])[] = [
    [
      open > 0 && ready + inProgress + upForSynthesis === 0,
      'Nothing can move: see blocked for what has to be decided or taken up again',
    ],
    [stuck > 0, `${stuck} stuck: take up again what failed, or use orchestrator_manage_dependencies to waive it`],
    [abandoned > 0, `${abandoned} abandoned by a holder that is gone: orchestrator_execute_subtask takes one up again`],
    [blocked > 0, `${blocked} blocked: clear the reason, then orchestrator_execute_subtask takes one up again`],
    [upForSynthesis > 0, `${upForSynthesis} finished: use orchestrator_synthesize_results`],
    [
      fruitless > 0,
      `${fruitless} ended with nothing completed: retry a subtask, or cancel the plan, with orchestrator_manage_lifecycle`,
    ],
    [
      open > OVERSEEN_TASKS,
      `${open} active tasks are more than the ${OVERSEEN_TASKS} that are easily overseen; finish or archive some`,
    ],
  ];
  return advice.flatMap(([applies, text]) => (applies ? [text] : []));
}

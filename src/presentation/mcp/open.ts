import type { Orchestrator } from '../../application/orchestrator.ts';
import type { Log } from '../../application/ports.ts';

export type Opened = Readonly<{
  orchestrator: Pick<Orchestrator, 'knows' | 'names' | 'call' | 'read' | 'readIfThere' | 'watch'>;
  log: Log;
}>;

/** Gives the orchestrator, which is put together at the first call: a server that was only asked what it can do loads no store. */
export type Open = () => Promise<Opened>;

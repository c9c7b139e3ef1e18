import type { ServerContext } from '@modelcontextprotocol/server';
import type { CallOptions } from '../../application/orchestrator.ts';

/** Clients draw progress for people: more often than this is only traffic. */
const EVERY_MS = 100;

/** Passes a call's progress on to a client that asked for it; MCP wants the numbers to rise. */
export function progressOf({ mcpReq }: Pick<ServerContext, 'mcpReq'>): Pick<CallOptions, 'report'> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return {};
  let told = { progress: Number.NEGATIVE_INFINITY, at: Number.NEGATIVE_INFINITY };
  const report = (progress: number, total: number, message: string) => {
    const at = performance.now();
    const isDue = at - told.at >= EVERY_MS || progress >= total;
    if (!isDue || progress <= told.progress) return;
    told = { progress, at };
    const params = { progressToken, progress, total, message };
    // A client that has gone away is noticed by the transport; the call need not fail for it here.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
  return { report };
}

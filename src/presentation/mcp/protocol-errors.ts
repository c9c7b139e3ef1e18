import { ProtocolError } from '@modelcontextprotocol/server';
import { closest } from '../../domain/closest.ts';
import { CODES, errorBody, foreseen } from '../errors.ts';
import type { Opened } from './open.ts';

/** A refusal where MCP has no result for one: everywhere but in `tools/call`. */
export function asProtocolError(error: unknown, { log }: Pick<Opened, 'log'>): ProtocolError {
  const known = foreseen(error, log);
  return new ProtocolError(CODES[known.code].jsonRpc, known.message, errorBody(known));
}

/** A name that we do not have is the client's mistake, so it is told to the client, with the names that there are; many show the message alone. */
export function unknownName(kind: 'tool' | 'prompt', name: string, names: readonly string[]): ProtocolError {
  const meant = closest(name, names);
  const message = `Unknown ${kind}: ${name}${meant.length > 0 ? `; did you mean ${meant.join(' or ')}?` : ''}`;
  return new ProtocolError(CODES.invalid.jsonRpc, message, {
    error: message,
    [`available_${kind}s`]: names,
    ...(meant.length > 0 && { did_you_mean: meant }),
  });
}

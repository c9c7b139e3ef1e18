import {
  isJSONRPCNotification,
  type JSONRPCMessage,
  type JSONRPCNotification,
  SUBSCRIPTION_ID_META_KEY,
  type Transport,
} from '@modelcontextprotocol/server';
import type { Subscriptions } from './subscriptions.ts';

/**
 * A transport that notices subscriptions of the 2026 era. The SDK answers `subscriptions/listen` itself and tells no
 * handler of it, so it is read off the wire: what was acknowledged counts, until the request is cancelled.
 */
export class ListeningTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: NonNullable<Transport['onmessage']>;
  readonly #wire: Transport;
  readonly #subscriptions: Subscriptions;

  constructor(wire: Transport, subscriptions: Subscriptions) {
    this.#wire = wire;
    this.#subscriptions = subscriptions;
  }

  async start(): Promise<void> {
    this.#wire.onclose = () => this.onclose?.();
    this.#wire.onerror = (error) => this.onerror?.(error);
    this.#wire.onmessage = (message, extra) => {
      const cancelled = cancelledId(message);
      if (cancelled !== undefined) this.#subscriptions.remove(cancelled);
      this.onmessage?.(message, extra);
    };
    await this.#wire.start();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const listening = acknowledged(message);
    if (listening !== undefined) await this.#follow(listening);
    await this.#wire.send(message);
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  /** The acknowledgement goes out whether or not the store can be watched: the SDK holds the subscription already. */
  async #follow({ id, uris }: Listening): Promise<void> {
    await this.#subscriptions.add(id, uris).catch((error: unknown) => {
      this.onerror?.(new Error('A subscriber will hear of no change', { cause: error }));
    });
  }
}

type Listening = Readonly<{ id: string | number; uris: readonly string[] }>;

function acknowledged(message: JSONRPCMessage): Listening | undefined {
  const params = paramsOf(message, 'notifications/subscriptions/acknowledged');
  const id = params?._meta?.[SUBSCRIPTION_ID_META_KEY];
  if (typeof id !== 'string' && typeof id !== 'number') return undefined;
  const uris = urisIn(params?.notifications);
  return uris.length === 0 ? undefined : { id, uris };
}

function cancelledId(message: JSONRPCMessage): string | number | undefined {
  const id = paramsOf(message, 'notifications/cancelled')?.requestId;
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

/** The parameters of a notification; `in` before the SDK's own check, which parses the whole message. */
function paramsOf(message: JSONRPCMessage, method: string): JSONRPCNotification['params'] {
  const fits = 'method' in message && message.method === method && isJSONRPCNotification(message);
  return fits ? message.params : undefined;
}

function urisIn(filter: unknown): readonly string[] {
  const uris =
    typeof filter === 'object' && filter !== null && 'resourceSubscriptions' in filter
      ? filter.resourceSubscriptions
      : [];
  return Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [];
}

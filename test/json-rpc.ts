export const MODERN = '2026-07-28';
export const CLIENT_INFO = { name: 'test', version: '0' };

export type Params = Readonly<Record<string, unknown>>;
export type Reply = Readonly<{
  id: number | string | null;
  result?: Record<string, unknown>;
  error?: Readonly<{ code: number; message: string; data?: Record<string, unknown> }>;
}>;
export type Notice = Readonly<{ method: string; params: Record<string, unknown> }>;
export type Called<Body> = Readonly<{ isError: boolean; body: Body }>;

/** The end of a line that the server may close; `gone` rejects when it does. */
type Line = Readonly<{ write(text: string): void; gone: Promise<never> }>;

/** Raw JSON-RPC, a message a line: what a client sees that no SDK has smoothed. */
export class JsonRpc {
  /** Every line that came, as it came. */
  readonly lines: string[] = [];
  /** Notifications in the order in which they came. */
  readonly notices: Notice[] = [];
  readonly #line: Line;
  readonly #waiting = new Map<unknown, (reply: Reply) => void>();
  readonly #listeners = new Set<() => void>();
  #lastId = 0;

  constructor(line: Line) {
    this.#line = line;
    line.gone.catch(() => undefined);
  }

  /** Sends a request and gives its whole reply, an error too. `id` is chosen unless it is given. */
  request(method: string, params?: Params, id: number | string = ++this.#lastId): Promise<Reply> {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting.set(id, resolve);
    this.send({ jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) });
    return Promise.race([promise, this.#line.gone]);
  }

  /** A request of the revision 2026-07-28, which carries its envelope with it. */
  modern(method: string, params: Params = {}, id?: number | string): Promise<Reply> {
    return this.request(method, { ...params, _meta: { ...envelope(MODERN), ...metaOf(params) } }, id);
  }

  /** The handshake of a 2025-era client. */
  async initialize(protocolVersion = '2025-11-25'): Promise<Reply> {
    const reply = await this.request('initialize', { protocolVersion, capabilities: {}, clientInfo: CLIENT_INFO });
    this.notify('notifications/initialized');
    return reply;
  }

  /** Calls a tool on a connection of the 2025 era and gives its reply, parsed from the text block. */
  async call<Body = Record<string, unknown>>(name: string, args: Params = {}): Promise<Called<Body>> {
    const { result, error } = await this.request('tools/call', { name, arguments: args });
    if (error !== undefined) throw new Error(`${name}: ${error.message}`);
    return called<Body>(result);
  }

  /** Subscribes to resources as a client of 2026-07-28 does: the request stays open, and its id names the subscription. */
  async listen(uris: readonly string[], id: number | string): Promise<void> {
    const params = { notifications: { resourceSubscriptions: uris }, _meta: envelope(MODERN) };
    this.send({ jsonrpc: '2.0', id, method: 'subscriptions/listen', params });
    await this.notice(({ method }) => method === 'notifications/subscriptions/acknowledged');
  }

  notify(method: string, params?: Params): void {
    this.send({ jsonrpc: '2.0', method, ...(params !== undefined && { params }) });
  }

  send(message: unknown): void {
    this.write(`${JSON.stringify(message)}\n`);
  }

  write(text: string): void {
    this.#line.write(text);
  }

  /** The first notification that fits, whether it came already or is still to come. */
  async notice(fits: (notice: Notice) => boolean): Promise<Notice> {
    for (;;) {
      const found = this.notices.find(fits);
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#listeners.add(resolve);
      await Promise.race([promise, this.#line.gone]);
      this.#listeners.delete(resolve);
    }
  }

  receive(line: string): void {
    this.lines.push(line);
    const message: Reply & Notice = JSON.parse(line);
    if (message.id === undefined) {
      this.notices.push(message);
      for (const listener of this.#listeners) listener();
      return;
    }
    this.#waiting.get(message.id)?.(message);
    this.#waiting.delete(message.id);
  }
}

/** The `_meta` of a request of a revision without handshake. */
const envelope = (protocolVersion: string) => ({
  'io.modelcontextprotocol/protocolVersion': protocolVersion,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
});

const metaOf = ({ _meta }: Params): object => (typeof _meta === 'object' && _meta !== null ? _meta : {});

/** What a tool answered. The text block alone has to be complete: that is what is read here. */
export function called<Body>(result: Readonly<{ isError?: unknown; content?: unknown }> = {}): Called<Body> {
  const [block] = Array.isArray(result.content) ? result.content : [];
  const body: Body = JSON.parse(block.text);
  return { isError: result.isError === true, body };
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';

const Request = z.object({ model: z.string(), input: z.array(z.string()) });
type Asked = Readonly<{ model: string; input: readonly string[]; authorization: string | undefined }>;

/** What the server does instead of answering as it should. */
export type Mood = Readonly<{
  status?: number;
  isSilent?: boolean;
  body?: string;
  dimensions?: number;
  /** Texts with this word are refused, and those with this one get no answer. */
  refuses?: string;
  ignores?: string;
}>;

/** Words that mean the same, each group by its first. */
const MEANINGS = [
  ['car', 'automobile', 'vehicle'],
  ['login', 'authentication', 'signin'],
  ['quick', 'fast', 'rapid'],
  ['bird', 'heron', 'ostrich'],
];

/** A local endpoint for embeddings as OpenAI's and Ollama's are, whose vectors tell which meanings a text holds. */
export async function anEmbeddingServer() {
  const asked: Asked[] = [];
  let mood: Mood = {};
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { model, input } = Request.parse(JSON.parse(await textOf(request)));
    asked.push({ model, input, authorization: request.headers.authorization });
    const { status = 200, isSilent = false, body, dimensions = 64, refuses, ignores } = mood;
    if (isSilent || input.some((text) => ignores !== undefined && text.includes(ignores))) return;
    const isRefused = refuses !== undefined && input.some((text) => text.includes(refuses));
    response.writeHead(isRefused ? 400 : request.url === '/v1/embeddings' ? status : 404, {
      'content-type': 'application/json',
    });
    // In reverse, for only the numbers tell which is whose.
    const vectors = input.map((text, index) => ({ index, embedding: embedded(text, dimensions) })).toReversed();
    response.end(body ?? JSON.stringify({ object: 'list', data: vectors, model }));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    /** Everything that it was asked. */
    asked,
    become: (next: Mood) => {
      mood = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}

/** Counts meanings, each in a place of its own; the rest of the words fall into the other places. */
function embedded(text: string, dimensions: number): readonly number[] {
  const vector = Array.from({ length: dimensions }, () => 0.01);
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    const meaning = MEANINGS.findIndex((words) => words.includes(word));
    const place = meaning >= 0 ? meaning : MEANINGS.length + (hash(word) % (dimensions - MEANINGS.length));
    vector[place] = (vector[place] ?? 0) + (meaning >= 0 ? 3 : 1);
  }
  return vector;
}

const hash = (word: string) => [...word].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 65_521, 7);

import { invalid } from '../../domain/errors.ts';

/**
 * As much of the tar format as an export needs: what is written are files with short names, what is read is also what
 * GNU and BSD tar make of a folder. It is written here because it is this little, and because what is read comes from
 * anywhere: every way out of the archive's own folder is refused.
 */

const BLOCK = 512;
/** Where the fields of a header lie: its offset and its length. */
const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  size: [124, 12],
  changed: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
  prefix: [345, 155],
} as const;

type Header = Readonly<{ name: string; bytes: number; changedAt: number }>;

/** The header of a file whose content follows, filled up to whole blocks. */
export function tarHeader({ name, bytes, changedAt }: Header): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = (field: keyof typeof FIELDS, text: string) => block.write(text, FIELDS[field][0], 'latin1');
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, '0');
  if (Buffer.byteLength(name) > FIELDS.name[1]) throw new Error(`too long for an archive: ${name}`);
  block.write(name, 0, 'utf8');
  put('mode', octal(0o600, 8));
  put('size', octal(bytes, 12));
  put('changed', octal(Math.trunc(changedAt / 1000), 12));
  put('type', '0');
  put('magic', 'ustar\x0000');
  put('checksum', `${octal(checksum(block), 7)}\0 `);
  return block;
}

/** What has to follow a content of so many bytes. */
export const tarFilling = (bytes: number) => Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK);
export const TAR_END = Buffer.alloc(2 * BLOCK);

/** The sum of a header's bytes, its own field counted as spaces. */
function checksum(block: Uint8Array): number {
  const [from, length] = FIELDS.checksum;
  return sumOf(block) - sumOf(block.subarray(from, from + length)) + 32 * length;
}

/** A loop, for an archive may have very many members. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum;
}

/** A file in an archive. Its content has to be read, or the rest of the archive is not reached. */
export type TarMember = Readonly<{ path: string; bytes: number; content: () => AsyncGenerator<Uint8Array> }>;

/** The files of an archive, in its order. Refuses links, and names that lead out of its folder. */
export async function* tarMembers(chunks: AsyncIterable<Uint8Array>, shown: string): AsyncGenerator<TarMember> {
  const reader = readerOf(chunks, () => cutOff(shown));
  let longName: string | undefined;
  try {
    for (let header = await reader.take(BLOCK); !isEnd(header); header = await reader.take(BLOCK)) {
      const { name, bytes, type } = headerOf(header, shown);
      const content = contentOf(reader, bytes);
      const path = longName ?? name;
      if (isFile(type)) yield { path: within(path, shown), bytes, content };
      else if (!IGNORED.has(type)) throw notPlain(path, shown);
      longName = bytes <= LONGEST ? await NAMING.get(type)?.(content) : undefined;
      for await (const _ of content());
      await reader.take(tarFilling(bytes).length);
    }
  } finally {
    await reader.close();
  }
}

const isEnd = (header: Uint8Array) => header.every((byte) => byte === 0);

/** What is left of a file's content, however often it is asked for. */
function contentOf(reader: Reader, bytes: number): TarMember['content'] {
  let left = bytes;
  return async function* () {
    while (left > 0) {
      const part = await reader.some(left);
      left -= part.length;
      yield part;
    }
  };
}

/** Bytes of what names one file; a file with a longer name is taken by the name in its header. */
const LONGEST = 16 * 1024;

/** What holds a name that has no room in the header of the file that follows: GNU's way, and that of POSIX. */
const NAMING: ReadonlyMap<string, (content: TarMember['content']) => Promise<string | undefined>> = new Map([
  ['L', async (content: TarMember['content']) => (await textOf(content)).split('\0')[0]],
  ['x', async (content: TarMember['content']) => /^\d+ path=(.*)$/m.exec(await textOf(content))?.[1]],
]);

async function textOf(content: TarMember['content']): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of content()) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

const isFile = (type: string) => type === '0' || type === '\0' || type === '';
/** Folders, and what only tells more about the file that follows. */
const IGNORED: ReadonlySet<string> = new Set(['5', 'L', 'x', 'g']);

function headerOf(block: Buffer, shown: string) {
  const field = (name: keyof typeof FIELDS) => {
    const [from, length] = FIELDS[name];
    return block.subarray(from, from + length);
  };
  const text = (name: keyof typeof FIELDS) => field(name).toString('utf8').split('\0')[0] ?? '';
  const number = (name: keyof typeof FIELDS) => Number.parseInt(text(name).trim() || '0', 8);
  const bytes = number('size');
  if (number('checksum') !== checksum(block) || !Number.isSafeInteger(bytes) || bytes < 0) {
    throw invalid(`${shown} is no tar archive, or a damaged one`, {
      suggestion: 'Export again, or copy the file once more',
    });
  }
  const isPrefixed = text('magic').startsWith('ustar') && text('prefix') !== '';
  return { name: isPrefixed ? `${text('prefix')}/${text('name')}` : text('name'), bytes, type: text('type') };
}

function within(path: string, shown: string): string {
  const steps = path.split(/[/\\]/).filter((step) => step !== '' && step !== '.');
  const leadsOut = /^(?:[/\\]|[a-z]:)/i.test(path) || steps.includes('..');
  if (!leadsOut) return steps.join('/');
  throw invalid(`${shown} holds a file outside its own folder: ${path.slice(0, 200)}`, { suggestion: NOT_OURS });
}

const notPlain = (path: string, shown: string) =>
  invalid(`${shown} holds something that is no plain file: ${path.slice(0, 200)}`, { suggestion: NOT_OURS });
const cutOff = (shown: string) =>
  invalid(`${shown} ends in the middle`, {
    suggestion: 'Export again, or copy the file once more: this one is cut off',
  });
const NOT_OURS = 'Import an archive that orchestrator_export_workflow wrote; nothing was imported';

type Reader = ReturnType<typeof readerOf>;

/** Takes so many bytes at a time from chunks of any size. */
function readerOf(chunks: AsyncIterable<Uint8Array>, ended: () => Error) {
  const source = chunks[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  const fill = async () => {
    while (held.length === 0) {
      const next = await source.next();
      if (next.done === true) throw ended();
      held = next.value;
    }
  };
  const some = async (most: number): Promise<Uint8Array> => {
    await fill();
    const part = held.subarray(0, most);
    held = held.subarray(part.length);
    return part;
  };
  return {
    some,
    close: async () => void (await source.return?.()),
    async take(bytes: number): Promise<Buffer> {
      const parts: Uint8Array[] = [];
      for (let left = bytes; left > 0; left -= parts.at(-1)?.length ?? 0) parts.push(await some(left));
      return Buffer.concat(parts);
    },
  };
}

import { describe, expect, test } from 'vitest';
import { Afterwards } from './afterwards.ts';

function aLog() {
  const lines: string[] = [];
  return { lines, log: { warn: (_: unknown, message: string) => void lines.push(message) } };
}

describe('work that is left for after a reply', () => {
  test('begins when the reply is gone, one after the other, though one fails', async () => {
    const { lines, log } = aLog();
    const afterwards = new Afterwards();
    const happened: string[] = [];
    const work = (name: string) => async () => {
      happened.push(`${name} begins`);
      await Promise.resolve();
      happened.push(`${name} ends`);
    };

    afterwards.begin(work('one'), log);
    afterwards.begin(async () => Promise.reject(new Error('It broke')), log);
    const last = Promise.withResolvers<void>();
    afterwards.begin(work('two'), log);
    afterwards.begin(async () => last.resolve(), log);
    const atOnce = [...happened];
    await last.promise;

    expect(atOnce).toEqual([]);
    expect(happened).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
    expect(lines).toEqual(['work that a call left behind failed']);
  });

  test('is broken off and waited for by whoever closes, and what has not begun never does', async () => {
    const { lines, log } = aLog();
    const afterwards = new Afterwards();
    const begun = Promise.withResolvers<void>();
    let hasEnded = false;
    let hasFollowed = false;
    afterwards.begin(async (signal) => {
      begun.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      hasEnded = true;
      signal.throwIfAborted();
    }, log);
    afterwards.begin(async () => {
      hasFollowed = true;
    }, log);
    await begun.promise;

    await afterwards.close();

    expect({ hasEnded, hasFollowed, lines }).toEqual({ hasEnded: true, hasFollowed: false, lines: [] });
  });
});

import { randomBytes } from 'node:crypto';
import type { DrawId } from '../application/ports.ts';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const LENGTH = 8;
/** Bytes from here on are drawn again: a remainder of all 256 would favour the first characters of the alphabet. */
const FAIR_BELOW = 256 - (256 % ALPHABET.length);
/** Bytes that are asked of the system at once; asking for each character takes longer than all the rest. */
const DRAWN_AT_ONCE = 512;

let drawn: readonly number[] = [];
let used = 0;

export const drawId: DrawId = () => Array.from({ length: LENGTH }, character).join('');

function character(): string {
  for (;;) {
    const byte = nextByte();
    if (byte < FAIR_BELOW) return ALPHABET.charAt(byte % ALPHABET.length);
  }
}

function nextByte(): number {
  if (used >= drawn.length) {
    drawn = [...randomBytes(DRAWN_AT_ONCE)];
    used = 0;
  }
  return drawn[used++] ?? FAIR_BELOW;
}

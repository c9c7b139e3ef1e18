import { randomInt } from 'node:crypto';
import type { DrawId } from '../application/ports.ts';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

/** `randomInt` draws each character without the bias that a remainder of random bytes would have. */
export const drawId: DrawId = () =>
  Array.from({ length: 8 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');

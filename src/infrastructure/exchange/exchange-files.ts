import type { ExchangeFiles } from '../../application/exchange/files.ts';
import { explained } from '../file-errors.ts';
import { located, type Reach } from './place.ts';

/** The files of exports and imports. What reads and writes them is loaded only where it is used. */
export const exchangeFiles = (reach: Reach): ExchangeFiles => ({
  async create(to, at) {
    const { targetAt } = await import('./target.ts');
    return targetAt(await located(reach, to), { workspace: reach.workspace, at });
  },
  async open(from, signal) {
    const { sourceAt } = await import('./source.ts');
    const { refuseForeign } = await import('./foreign/guess.ts');
    const at = await located(reach, from);
    await explained({ verb: 'read', path: at.shown }, () => refuseForeign(at));
    return sourceAt(at, signal);
  },
  async foreign(tool, from) {
    const { readForeign } = await import('./foreign/tools.ts');
    return readForeign(tool, await located(reach, from));
  },
});

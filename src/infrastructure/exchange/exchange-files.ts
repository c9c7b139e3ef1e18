import type { ExchangeFiles } from '../../application/exchange/files.ts';
import { located, type Reach } from './place.ts';

/** The files of exports and imports. What reads and writes them is loaded only where it is used. */
export const exchangeFiles = (reach: Reach): ExchangeFiles => ({
  async create(to, at) {
    const { targetAt } = await import('./target.ts');
    return targetAt(await located(reach, to), { workspace: reach.workspace, at });
  },
  async open(from) {
    const { sourceAt } = await import('./source.ts');
    return sourceAt(await located(reach, from));
  },
  async foreign(tool, from) {
    const { readForeign } = await import('./foreign/tools.ts');
    return readForeign(tool, await located(reach, from));
  },
});

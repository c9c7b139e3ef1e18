import { twoRows } from './two-rows.ts';

/**
 * Writes without a pause and prints the milliseconds of each write as JSON.
 * Usage: node bench/raw-writer.ts <file> <seconds>
 */
const [, , path = '', seconds = '5'] = process.argv;

const rows = await twoRows(path);
const times: number[] = [];
const end = performance.now() + Number(seconds) * 1000;
for (let began = performance.now(); began < end; began = performance.now()) {
  await rows.write(`The write number ${times.length} of one of several servers`);
  times.push(performance.now() - began);
}
rows.close();
process.stdout.write(JSON.stringify(times));

import { homedir } from 'node:os';
import { helpText, readConfig } from '../../config.ts';
import { IDENTITY } from '../identity.ts';

/** Answers what is asked about the program itself; whatever else stands on the command line is refused by the settings. */
export async function start(): Promise<void> {
  const { command } = await readConfig({ argv: process.argv.slice(2), env: process.env, home: homedir() });
  process.stdout.write(command === 'version' ? `${IDENTITY.version}\n` : helpText());
}

import type { Config } from '../../config.ts';

/** A flag of a command. One without a value is on or off. */
export type Flag = Readonly<{ what: string; value?: string; byDefault?: string }>;

/** What was given to a command, by the names of its flags. */
export type Given = Readonly<{
  text: (flag: string) => string | undefined;
  /** A whole number of at least `least`; what is something else is a mistake of usage. */
  count: (flag: string, options: { byDefault: number; least: number }) => number;
  /** One of the words that there are; undefined where none was given. */
  choice: <Word extends string>(flag: string, words: readonly Word[]) => Word | undefined;
  isOn: (flag: string) => boolean;
  /** What was named without a flag; at most one where the command takes one. */
  operand: string | undefined;
}>;

/** What a command says: for programs, for people, and whether everything is as it should be. */
export type Outcome = Readonly<{ report: Readonly<Record<string, unknown>>; text: string; isFine: boolean }>;

export type Command = Readonly<{
  /** `file`, `[file]`, or nothing where it takes none. */
  operand?: string;
  flags: Readonly<Record<string, Flag>>;
  /** Whether it runs all the same where a setting is wrong, with the defaults, and tells that itself. */
  toleratesBadSettings?: boolean;
  /** What stands below its flags in the help. */
  notes?: string;
  run(given: Given, surroundings: Surroundings): Promise<Outcome>;
}>;

export type Surroundings = Readonly<{
  config: Config;
  /** What is wrong with the settings. */
  mistake?: string;
  /** Tells a person something before the end, beside the report. */
  tell(line: string): void;
  /** Asks a person for a yes; undefined where there is nobody to ask. */
  ask: ((question: string) => Promise<boolean>) | undefined;
}>;

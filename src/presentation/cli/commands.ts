import type { Command } from './command.ts';

/** The commands by name, each loaded when it is called. */
export const COMMANDS: Readonly<Record<string, Readonly<{ summary: string; load: () => Promise<Command> }>>> = {
  backup: {
    summary: 'Copies the store with its artifacts, while others work in it',
    load: async () => (await import('./backup.ts')).backup,
  },
  restore: {
    summary: 'Puts a backup in the place of the store, keeping what it replaces',
    load: async () => (await import('./restore.ts')).restore,
  },
  export: {
    summary: 'Writes tasks to a file, to be imported elsewhere or read by people',
    load: async () => (await import('./export.ts')).exporting,
  },
  import: {
    summary: 'Adds the tasks of an export or of another tool',
    load: async () => (await import('./import.ts')).importing,
  },
  verify: {
    summary: 'Checks the store or a backup: database, references, every artifact',
    load: async () => (await import('./verify.ts')).verify,
  },
  doctor: {
    summary: 'Says what is wrong with the store and what mends it',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  health: {
    summary: 'Measures how the store fares',
    load: async () => (await import('./health.ts')).health,
  },
};

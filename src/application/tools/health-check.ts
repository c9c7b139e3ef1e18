import { z } from 'zod';
import { CHECK_STATES, CHECKS, fitness } from '../../domain/checkup.ts';
import { checkUp } from '../checkup/checkup.ts';
import { defineTool } from '../tool.ts';

export default defineTool({
  name: 'orchestrator_health_check',
  title: 'Measure how the store fares',
  description: 'Measures database, disk, files, claims, queue and clock, each with its finding and next step.',
  set: 'ops',
  rank: 290,
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({
    health: z.enum(['good', 'concern', 'bad']),
    checks: z.array(
      z.object({
        check: z.enum(CHECKS),
        state: z.enum(CHECK_STATES),
        finding: z.string(),
        next_step: z.string().optional(),
      }),
    ),
  }),
  examples: [{ title: 'Is everything all right?', input: {} }],

  prepare: (_, beforehand) => checkUp(beforehand),

  run: async (_, __, checks) => ({
    health: fitness(checks),
    checks: checks.map(({ check, state, finding, nextStep }) => ({
      check,
      state,
      finding,
      ...(nextStep !== undefined && { next_step: nextStep }),
    })),
  }),
});

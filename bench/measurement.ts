import type { Disturbance } from './sampling.ts';
import type { Workbench } from './workbench.ts';

/** One figure of a run, beside a floor or a rival that was measured in the same run. */
export type Figure = Readonly<{
  what: string;
  value: number;
  unit: 'ms' | 'MB' | 'writes/s' | 'texts/s' | 'writes' | 'characters' | 'times' | 'bytes';
  /** What it is compared with; the ratio is the value over this one's. */
  against?: Readonly<{ what: string; value: number }>;
  aims?: readonly Aim[];
  /** How far others used the machine meanwhile; absent where that has no influence. */
  disturbance?: Disturbance;
}>;

export type Aim = Readonly<{ of: 'value' | 'ratio'; atMost: number } | { of: 'value' | 'ratio'; atLeast: number }>;

export type Measurement = (bench: Workbench) => Promise<readonly Figure[]>;

export const ratioOf = ({ value, against }: Pick<Figure, 'value' | 'against'>): number | undefined =>
  against === undefined || against.value === 0 ? undefined : value / against.value;

export function isMet(figure: Figure, aim: Aim): boolean {
  const reached = aim.of === 'value' ? figure.value : ratioOf(figure);
  if (reached === undefined) return false;
  return 'atMost' in aim ? reached <= aim.atMost : reached >= aim.atLeast;
}

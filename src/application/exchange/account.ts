import type { Difference } from './agreement.ts';

/** What an import did, counted. */
const NOTHING = {
  added: 0,
  updated: 0,
  unchanged: 0,
  older: 0,
  conflicts: 0,
  dependencies: 0,
  artifacts: 0,
  notes: 0,
  renewed: 0,
  adjusted: 0,
  left_out: 0,
  gone: 0,
};
type Counted = keyof typeof NOTHING;

/** Something that a person should know, about a task where there is one. `place` is where the file has it. */
export type Remark = Readonly<{
  task_id?: string | undefined;
  title?: string | undefined;
  place?: string | undefined;
  why: string;
  /** The fields that both sides tell differently. */
  differs?: readonly Difference[] | undefined;
}>;
const TOLD = ['conflicts', 'adjusted', 'left_out', 'gone'] as const;
type Told = (typeof TOLD)[number];

/** Remarks of a kind that are kept; a reply has room for less, and more than these are a matter of their number. */
const KEPT = 200;

/** The account of one import. */
export type Account = Readonly<{
  count(what: Counted, times?: number): void;
  /** Counts and keeps a remark. */
  tell(what: Told, remark: Remark): void;
  /** Puts others in the place of the remarks that were kept. */
  amend(amended: (remark: Remark) => Remark): void;
  counts(): Readonly<Record<Counted, number>>;
  told(what: Told): readonly Remark[];
}>;

export function newAccount(): Account {
  const counts = new Map<Counted, number>();
  const told = new Map<Told, Remark[]>();
  const count = (what: Counted, times = 1) => void counts.set(what, (counts.get(what) ?? 0) + times);
  return {
    count,
    tell(what, remark) {
      count(what);
      const list = told.get(what) ?? [];
      if (list.length < KEPT) list.push(remark);
      told.set(what, list);
    },
    amend(amended) {
      for (const what of TOLD) told.set(what, (told.get(what) ?? []).map(amended));
    },
    counts: () => ({ ...NOTHING, ...Object.fromEntries(counts) }),
    told: (what) => told.get(what) ?? [],
  };
}

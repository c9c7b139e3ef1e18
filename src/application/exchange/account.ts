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
};
type Counted = keyof typeof NOTHING;

/** Something that a person should know, about a task where there is one. */
export type Remark = Readonly<{ task_id?: string; place?: string; why: string }>;
type Told = 'conflicts' | 'adjusted' | 'left_out';

/** Remarks of a kind that are kept; a reply has room for less, and more than these are a matter of their number. */
const KEPT = 200;

/** The account of one import. */
export type Account = Readonly<{
  count(what: Counted, times?: number): void;
  /** Counts and keeps a remark. */
  tell(what: Told, remark: Remark): void;
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
    counts: () => ({ ...NOTHING, ...Object.fromEntries(counts) }),
    told: (what) => told.get(what) ?? [],
  };
}

/** How little the first places outweigh the next ones; the number that the method was published with. */
const EVENNESS = 60;

/** Several rankings as one (reciprocal rank fusion): what stands well in many comes first. `nameOf` tells what is the same. */
export function fused<Ranked>(
  rankings: readonly (readonly Ranked[])[],
  nameOf: (ranked: Ranked) => string,
): readonly Ranked[] {
  const scores = new Map<string, { ranked: Ranked; score: number }>();
  for (const ranking of rankings) {
    for (const [place, ranked] of ranking.entries()) {
      const name = nameOf(ranked);
      const score = (scores.get(name)?.score ?? 0) + 1 / (EVENNESS + place + 1);
      scores.set(name, { ranked, score });
    }
  }
  return [...scores.values()].toSorted((a, b) => b.score - a.score).map(({ ranked }) => ranked);
}

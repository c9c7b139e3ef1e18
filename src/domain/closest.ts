/** The candidates that were most likely meant by `word`, the likeliest first; none where nothing is really close. */
export function closest(word: string, candidates: readonly string[], limit = 3): readonly string[] {
  const meant = word.toLowerCase();
  return candidates
    .map((candidate) => ({ candidate, distance: distanceOf(meant, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance < Number.POSITIVE_INFINITY)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** One slip for every four characters is forgiven, at least one and at most three: what differs more is another word. */
const tolerance = (length: number) => Math.min(3, Math.max(1, Math.floor(length / 4)));

/** How many slips lie between two words; infinite when they are too many, and one when only the beginning was left out. */
function distanceOf(word: string, candidate: string): number {
  const most = tolerance(Math.max(word.length, candidate.length));
  if (Math.abs(word.length - candidate.length) <= most) {
    const slips = slipsBetween(word, candidate);
    if (slips <= most) return slips;
  }
  return word !== '' && candidate.endsWith(`_${word}`) ? 1 : Number.POSITIVE_INFINITY;
}

/** Characters put in, left out, replaced or swapped with their neighbour (optimal string alignment). */
function slipsBetween(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], column: number) => row[column] ?? Number.POSITIVE_INFINITY;

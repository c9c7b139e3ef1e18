/** Follows the lines of a Markdown text and says of each whether it is code between fences, these included. */
export function fences() {
  let closing: RegExp | undefined;
  return {
    isCode(line: string): boolean {
      if (closing !== undefined) {
        if (closing.test(line)) closing = undefined;
        return true;
      }
      const [, fence = ''] = /^\s*(?:[-*+]\s+|\d+[.)]\s+)?(`{3,}(?!.*`)|~{3,})/.exec(line) ?? [];
      // Only as many of the same sign, alone on their line, end what a fence began.
      if (fence !== '') closing = new RegExp(`^\\s*[${fence.charAt(0)}]{${fence.length},}\\s*$`);
      return fence !== '';
    },
  };
}

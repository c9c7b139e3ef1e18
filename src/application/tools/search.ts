import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { closest } from '../../domain/closest.ts';
import { STATUS } from '../../domain/lifecycle.ts';
import { NOTE_KINDS } from '../../domain/note.ts';
import { firstHit, QUERY_LIMITS, readQuery, SEARCHED_KINDS, type Sought, saysOperators } from '../../domain/search.ts';
import { beginningOf, snippetOf } from '../../domain/snippet.ts';
import { BudgetTokens, Truncated } from '../fields.ts';
import { find } from '../finding.ts';
import type { ArtifactFiles } from '../ports.ts';
import type { Source } from '../search-repository.ts';
import { textsOf, workOf } from '../searching.ts';
import { type Beforehand, defineTool } from '../tool.ts';
import { echo, truncation } from '../views.ts';

const Kind = z.enum(SEARCHED_KINDS);
const MOST = 50;
const Limit = z
  .number()
  .int()
  .refine((count) => count >= 1 && count <= MOST, `a number from 1 to ${MOST}`);

export default defineTool({
  name: 'orchestrator_search',
  title: 'Search tasks, notes and artifacts',
  description: 'Finds tasks, notes and artifacts by their words, the best first.',
  set: 'core',
  rank: 200,
  effect: 'read',
  input: z.strictObject({
    query: z.string().max(QUERY_LIMITS.characters).describe('Words, all needed; "a phrase", begin*, -not'),
    kind: Kind.optional(),
    limit: Limit.describe(`Default 10, at most ${MOST}`).optional(),
    budget_tokens: BudgetTokens.optional(),
  }),
  output: z.object({
    results: z.array(
      z.object({
        kind: Kind,
        task_id: z.string().optional(),
        title: z.string().optional(),
        status: z.string().optional(),
        artifact_id: z.string().optional(),
        note_kind: z.enum(NOTE_KINDS).optional(),
        snippet: z.string().optional(),
        found_by: z.literal('meaning').optional(),
      }),
    ),
    total: z.number(),
    did_you_mean: z.array(z.string()).optional(),
    hint: z.string().optional(),
    words_only: z.string().optional(),
    not_yet_searchable: z.number().optional(),
    not_yet_by_meaning: z.number().optional(),
    truncated: Truncated.optional(),
  }),
  examples: [{ title: 'What was decided about hosts', input: { query: '"per host" queue', kind: 'note' } }],

  async prepare({ query, kind, limit = 10 }, beforehand) {
    const sought = readQuery(query);
    const { sources, byMeaning, ...found } = await find({ query, sought, kind, limit }, beforehand);
    const lines: Line[] = [];
    for (const source of sources) {
      const line = await lineOf(source, sought, beforehand.artifactFiles);
      lines.push(byMeaning.has(source) ? { ...line, found_by: 'meaning' } : line);
    }
    const meant = found.total === 0 ? await probablyMeant(sought, beforehand) : [];
    return { ...found, lines, meant };
  },

  async run({ query, budget_tokens }, _context, { lines, total, left, meant, meaning }) {
    const spend = spending((budget_tokens ?? BUDGET.default) - FRAME_TOKENS);
    const results = spend.list(lines);
    return {
      results,
      total,
      ...(meant.length > 0 && { did_you_mean: [...meant] }),
      ...(total === 0 && saysOperators(query) && { hint: NO_OPERATORS }),
      ...(meaning.trouble !== undefined && { words_only: meaning.trouble }),
      ...(left > 0 && { not_yet_searchable: left }),
      ...(meaning.left !== undefined && meaning.left > 0 && { not_yet_by_meaning: meaning.left }),
      ...truncation(spend, 'Repeat with a larger budget_tokens, or with more words'),
    };
  },
});

const NO_OPERATORS =
  'AND, OR and NOT are words like others here: all words are needed anyway, -word leaves one out; instead of OR search once for each';

/** What is said beside the results. */
const FRAME_TOKENS = 100;

type Line = Readonly<{
  kind: Source['kind'];
  task_id?: string;
  title?: string;
  status?: string;
  artifact_id?: string;
  note_kind?: (typeof NOTE_KINDS)[number];
  snippet?: string;
  found_by?: 'meaning';
}>;

async function lineOf(source: Source, { wanted }: Sought, files: Pick<ArtifactFiles, 'read'>): Promise<Line> {
  const { kind, task } = source;
  const snippet = await snippetFrom(source, wanted, files);
  return {
    kind,
    ...(task !== undefined && { task_id: task.id, title: echo(task.title), status: STATUS[task.stage] }),
    ...(source.kind === 'artifact' && { artifact_id: source.artifact.id }),
    ...(source.kind === 'note' && { note_kind: source.note.kind }),
    ...(snippet !== '' && { snippet }),
  };
}

/**
 * The text around the first hit, taken from the text that has most of what was wanted; the beginning where only the title
 * has it. A file is read only where nothing else has it all.
 */
async function snippetFrom(
  source: Source,
  wanted: Sought['wanted'],
  files: Pick<ArtifactFiles, 'read'>,
): Promise<string> {
  const texts = textsOf(source);
  const held = texts.map((text) => wanted.filter((term) => firstHit(text, [term]) !== undefined).length);
  const most = Math.max(0, ...held);
  const isInFile = source.kind === 'artifact' && most < wanted.length;
  const ofWork = isInFile ? snippetOf(await workOf(source, files), wanted) : undefined;
  const best = texts[held.indexOf(most)] ?? '';
  return ofWork ?? snippetOf(best, wanted) ?? beginningOf(best);
}

/** Words that are likely to be looked at where nothing was found. */
const NEIGHBOURS = 2_000;

/** For words that nothing holds, those that are and look alike. */
async function probablyMeant({ wanted }: Sought, { read }: Pick<Beforehand, 'read'>): Promise<readonly string[]> {
  const words = new Set(wanted.filter(({ isPrefix }) => !isPrefix).flatMap((term) => term.words));
  return read(async ({ search }) => {
    const meant: string[] = [];
    for (const word of words) {
      const neighbours = await search.wordsLike(word, NEIGHBOURS);
      if (!neighbours.includes(word)) meant.push(...closest(word, neighbours, 1));
    }
    return meant;
  });
}

import { closest } from '../domain/closest.ts';
import type { Fault } from '../domain/parameter-faults.ts';
import { laidOver, TEMPLATE_LIMITS, type Template, type TemplateDraft } from '../domain/template.ts';
import { checked, faultsIn } from '../domain/template-faults.ts';
import { faultsOfSpecialists, type NamesIn } from '../domain/text-faults.ts';
import { allIds, type Shelf, textOf } from './template-shelf.ts';
import type { Position, TemplateReading, TemplateText, UnreadableTemplate } from './templates.ts';

/** A template that can be used, with the text that it stands in. */
export type Known = Readonly<{ text: TemplateText; template: Template; extends: string | undefined }>;
/** What keeps a template from being used. Where that stands in a `base`, the file, line and column are those of the base. */
export type Flawed = Readonly<{
  id: string;
  source: TemplateText['source'];
  base?: string;
  file?: string;
  message: string;
  suggestion: string;
}> &
  Partial<Position>;

type Text = TemplateText | UnreadableTemplate;
/** A mistake and the text that it stands in; `role` is set where a role file may be what has to be mended. */
type Mistake = Readonly<{ in: Text; message: string; role?: boolean }> & Partial<Position>;
/** A template as one text says it. */
type Level = Readonly<{ text: TemplateText }> & Extract<TemplateReading, { draft: TemplateDraft }>;
/** A template and all that it extends, the farthest last. */
type Chain = readonly [Level, ...Level[]];

/** Reads a text with all that it extends. */
export async function understood(shelf: Shelf, text: Text): Promise<Known | Flawed> {
  const chain = await chainOf(shelf, text);
  if ('message' in chain) return flawed(text, chain);
  const { namesIn } = await shelf.templates.texts();
  const outcome = checkedOnce(whole(chain), namesIn);
  if ('message' in outcome)
    return flawed(
      text,
      whereItIsMade(chain, outcome, (draft) => faultsIn(draft, namesIn)),
    );
  const specialists = await shelf.specialists();
  const [unknown] = faultsOfSpecialists(outcome, specialists);
  if (unknown !== undefined) {
    const made = whereItIsMade(chain, unknown, (draft) => faultsOfSpecialists(draft, specialists));
    const leftOut = await shelf.roleLeftOut(unknown.specialist);
    return flawed(text, leftOut === undefined ? made : { ...made, message: `${made.message}; ${leftOut}`, role: true });
  }
  const [{ text: own, draft }] = chain;
  return { text: own, template: outcome, extends: draft.extends };
}

async function chainOf(shelf: Shelf, text: Text): Promise<Chain | Mistake> {
  const first = await levelOf(shelf, text);
  if ('message' in first) return first;
  const chain: [Level, ...Level[]] = [first];
  for (let last = first; last.draft.extends !== undefined; ) {
    const base = await baseOf(shelf, last.draft.extends, chain);
    if (typeof base === 'string') return { in: last.text, message: base, ...last.positionOf(['extends']) };
    const next = await levelOf(shelf, base);
    if ('message' in next) return next;
    chain.push(next);
    last = next;
  }
  return chain;
}

async function levelOf({ templates }: Shelf, text: Text): Promise<Level | Mistake> {
  if ('obstacle' in text) return { in: text, message: text.obstacle };
  const reading = await templates.read(text.content);
  if ('problem' in reading) return { in: text, ...reading.problem };
  const { draft, positionOf } = reading;
  if (draft.id !== text.id) return { in: text, message: `it calls itself ${draft.id}`, ...positionOf(['id']) };
  return { text, draft, positionOf };
}

/** The text that is extended, or why there is none. */
async function baseOf(shelf: Shelf, id: string, chain: Chain): Promise<Text | string> {
  const ids = [...chain.map(({ draft }) => draft.id), id];
  if (ids.indexOf(id) < chain.length) return `extends leads in a circle: ${ids.join(' extends ')}`;
  if (chain.length > TEMPLATE_LIMITS.depth) return `extends goes deeper than ${TEMPLATE_LIMITS.depth} levels`;
  const text = await textOf(shelf, id);
  if (text !== undefined) return text;
  const [meant] = closest(id, await allIds(shelf), 1);
  return `it extends ${id}, which is no template${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

const whole = (chain: readonly Level[]): TemplateDraft =>
  chain.map(({ draft }) => draft).reduceRight((base, over) => laidOver(base, over));

const outcomes = new WeakMap<TemplateDraft, Template | Fault>();

/** A text is read once for many calls, and so it is checked once; one that extends another is laid over it anew each time. */
function checkedOnce(draft: TemplateDraft, namesIn: NamesIn): Template | Fault {
  const known = outcomes.get(draft) ?? checked(draft, namesIn);
  outcomes.set(draft, known);
  return known;
}

/** A mistake stands in the farthest text with which it is there already: what lies over that one did not make it. */
function whereItIsMade(chain: Chain, fault: Fault, faultsOf: (draft: TemplateDraft) => Iterable<Fault>): Mistake {
  const isSame = ({ at, message }: Fault) => message === fault.message && at.join() === fault.at.join();
  const place = chain.findLastIndex((_, from) => [...faultsOf(whole(chain.slice(from)))].some(isSame));
  const { text, positionOf } = chain[place] ?? chain[0];
  return { in: text, message: fault.message, ...positionOf(fault.at) };
}

function flawed({ id, source }: Text, { in: place, role = false, ...mistake }: Mistake): Flawed {
  const { file } = place;
  return {
    id,
    source,
    ...(place.id !== id && { base: place.id }),
    ...(file !== undefined && { file }),
    ...mistake,
    suggestion:
      file === undefined
        ? `Use orchestrator_get_template with template_id ${place.id}, and orchestrator_save_template with what is mended`
        : `Mend ${file}${role ? ' or that role file' : ''}, then repeat the call`,
  };
}

/** What is wrong with a template, with where it stands before it. */
export function inPlace({ base, file, line, column, message }: Omit<Flawed, 'id' | 'source' | 'suggestion'>): string {
  const there = base === undefined ? [] : [`in ${base}${file === undefined ? '' : ` (${file})`}, which it extends`];
  const place = [...there, ...(line === undefined ? [] : [`line ${line}, column ${column}`])].join(', ');
  return place === '' ? message : `${place}: ${message}`;
}

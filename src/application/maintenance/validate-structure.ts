import { reaches } from '../../domain/maintenance.ts';
import { checkArtifacts, checkFiles } from './artifact-findings.ts';
import { CHECKS, type Checked, checkedFacts } from './checks.ts';
import { openCircles } from './circles.ts';
import { type Finding, type Found, isMending, mend } from './findings.ts';
import { checkDatabase, checkHistory, checkLooseClaims, checkLooseEdges, checkLostOwners } from './history.ts';
import { joined, type Listing, listing, NOTHING, type Recommendation, replyWith } from './reply.ts';
import type { Run } from './run.ts';
import { inBatches, inSlices, type Scope, scopeOf } from './scope.ts';

/** Holds what is kept against what the rows and files say, and mends what can be mended without the loss of work. */
export async function validateStructure(run: Run) {
  const scope = await scopeOf(run);
  run.expect(isRepairing(run) ? CHECKS.length + 4 : 4);
  let findings: Listing<Finding> = NOTHING;
  const results: Record<Finding['result'], number> = { ...NO_RESULTS };
  for await (const some of check(run, scope)) {
    findings = joined(findings, listing(some));
    for (const { result } of some) results[result] += 1;
    run.count('findings', some.length);
    run.count('repaired', some.filter(({ result }) => result === 'repaired').length);
  }
  const { repaired, needs_review } = results;
  const summary = { findings: findings.total, repaired, needs_review };
  const advice = adviceOn(run, results);
  const { reply, entries } = replyWith(run, { advice, summary: { summary }, found: findings });
  return { ...reply, findings: entries };
}

type Results = Readonly<Record<Finding['result'], number>>;
const NO_RESULTS: Results = { repaired: 0, would_be_repaired: 0, not_repaired: 0, needs_review: 0 };

async function* check(run: Run, scope: Scope): AsyncGenerator<readonly Finding[]> {
  const isAll = scope.ids === undefined;
  yield* openCircles(run, scope);
  if (isAll) {
    yield* checkLostOwners(run);
    yield* checkLooseEdges(run);
    yield await checkLooseClaims(run);
  }
  if (!isRepairing(run)) yield* lookAtAll(run, scope);
  else if (await isAmiss(run, scope)) for (const pass of CHECKS) yield* mendAll(run, scope, pass);
  yield* checkArtifacts(run, scope);
  yield* checkFiles(run, scope);
  if (isAll) yield* checkHistory(run);
  if (reaches(run.request.level, 'full_audit')) yield await checkDatabase(run);
}

const isRepairing = (run: Run) => isMending(run) && !run.request.isDryRun;

/** Tasks of which something is wrong, each with what. */
type Amiss = readonly Readonly<{ id: string; found: readonly Found[] }>[];

const amissIn = (run: Run, scope: Scope, { doing, check }: (typeof CHECKS)[number]): AsyncGenerator<Amiss> =>
  inBatches(run, scope, {
    doing,
    async work(context, ids) {
      const facts = await checkedFacts(context, ids);
      return facts.map((one) => ({ id: one.task.id, found: check(one) })).filter(({ found }) => found.length > 0);
    },
  });

const AT_ONCE = { doing: 'checking tasks', check: (facts: Checked) => CHECKS.flatMap(({ check }) => check(facts)) };

async function* lookAtAll(run: Run, scope: Scope): AsyncGenerator<readonly Finding[]> {
  for await (const amiss of amissIn(run, scope, AT_ONCE)) {
    const found = amiss.flatMap((one) => one.found);
    if (found.length > 0) yield await run.look((context) => mend(run, context, found));
  }
}

/** Most stores are sound, and one look tells so. */
async function isAmiss(run: Run, scope: Scope): Promise<boolean> {
  for await (const amiss of amissIn(run, scope, AT_ONCE)) if (amiss.length > 0) return true;
  return false;
}

/** Each repair builds on those before it, so that there are as many passes; what is wrong is looked at anew when it is mended. */
async function* mendAll(run: Run, scope: Scope, pass: (typeof CHECKS)[number]): AsyncGenerator<readonly Finding[]> {
  const inFew = inSlices(run);
  for await (const amiss of amissIn(run, scope, pass)) {
    const ids = amiss.map(({ id }) => id);
    yield* inFew(ids, async (context, some) =>
      mend(run, context, (await checkedFacts(context, some)).flatMap(pass.check)),
    );
  }
}

function adviceOn({ request }: Run, results: Results): readonly Recommendation[] {
  const mendable = results.not_repaired + results.would_be_repaired;
  const call = request.isDryRun ? 'the same call without dry_run' : 'validation_level comprehensive';
  const advice: readonly (readonly [number, Recommendation])[] = [
    [
      results.needs_review,
      {
        type: 'manual_review',
        priority: 'high',
        title: 'Look at what only people can mend',
        description: `${results.needs_review} of the findings say what can be done, and nothing does it by itself`,
      },
    ],
    [
      mendable,
      {
        type: 'repair',
        priority: 'high',
        title: 'Repair the structure',
        description: `${mendable} of the findings can be mended without the loss of work: ${call} does it`,
      },
    ],
  ];
  return advice.flatMap(([count, recommendation]) => (count > 0 ? [recommendation] : []));
}

import { reaches } from '../../domain/maintenance.ts';
import { checkArtifacts, checkFiles } from './artifact-findings.ts';
import { CHECKS, type Check, checkedFacts } from './checks.ts';
import { openCircles } from './circles.ts';
import { type Finding, isMending, mend } from './findings.ts';
import { checkDatabase, checkHistory, checkLooseClaims, checkLooseEdges } from './history.ts';
import { joined, type Listing, listing, NOTHING, type Recommendation, replyWith } from './reply.ts';
import type { Run } from './run.ts';
import { inBatches, type Scope, scopeOf } from './scope.ts';

/** Holds what is kept against what the rows and files say, and mends what can be mended without the loss of work. */
export async function validateStructure(run: Run) {
  const scope = await scopeOf(run);
  run.expect(passesOf(run).length + 3);
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
    yield* checkLooseEdges(run);
    yield await checkLooseClaims(run);
  }
  for (const pass of passesOf(run)) yield* checkAll(run, scope, pass);
  yield* checkArtifacts(run, scope);
  yield* checkFiles(run, scope);
  if (isAll) yield* checkHistory(run);
  if (reaches(run.request.level, 'full_audit')) yield await checkDatabase(run);
}

type Pass = Readonly<{ doing: string; check: Check }>;

/** Each repair builds on those before it, so that there are as many passes; a run that only looks needs one. */
function passesOf(run: Run): readonly Pass[] {
  if (isMending(run) && !run.request.isDryRun) return CHECKS;
  return [{ doing: 'checking tasks', check: (facts) => CHECKS.flatMap(({ check }) => check(facts)) }];
}

async function* checkAll(run: Run, scope: Scope, { doing, check }: Pass): AsyncGenerator<readonly Finding[]> {
  yield* inBatches(run, scope, {
    doing,
    isLook: !isMending(run),
    async work(context, ids) {
      const found = (await checkedFacts(context, ids)).flatMap(check);
      return mend(run, context, found);
    },
  });
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

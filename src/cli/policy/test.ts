/** `slipclutch policy test`: test rules and tables beside policies, and which lines they reach. */
import { policyMeans } from "../../compose/policy-host.ts";
import { readTable } from "../../config/policy-tables.ts";
import { paintFor } from "../paint.ts";
import { CommandError, EXIT, type Shell } from "../shell.ts";
import { Covered } from "./coverage.ts";
import { FOLDER, type Loading, loadPolicies, type Read, readPolicies } from "./folder.ts";
import { incidentTests } from "./incident-tests.ts";
import { type Problem, placeOf, problemLines, problemOfIssue } from "./problems.ts";
import { reportLines, type Tested, type Told } from "./report.ts";
import { tableCase } from "./table-rows.ts";
import { type Outcome, type Silent, type TestCase, testRules } from "./test-rules.ts";

export interface TestOptions {
  readonly run?: string;
  readonly incidents?: string;
  readonly coverage?: boolean;
  readonly threshold?: number;
  readonly lenient?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

/** Of one test. */
const TEST_MS_MAX = 5_000;

export async function runTests(
  folder: string | undefined,
  options: TestOptions,
  shell: Shell,
): Promise<number> {
  const where = folder ?? FOLDER;
  const read = await readPolicies(where, shell);
  const tables = read.sources.tables.map(readTable);
  const traced = isCoverageWanted(options);
  const loading = loadPolicies(read, { tests: true, strict: false, traced, announced: true });
  const issues = tables.flatMap((table) => table.issues);
  if (loading.kind === "invalid" || issues.length > 0) {
    const found = loading.kind === "invalid" ? loading.problems : [];
    const problems = [...found, ...issues.map((issue) => problemOfIssue(issue, "error"))];
    return refuse({ problems, read }, options, shell);
  }
  const rows = tables.flatMap((table) => table.rows);
  const kept = { folder: where, isWhole: read.isWhole, incidents: options.incidents };
  const incidents = await incidentTests(kept, shell);
  const cases = [
    ...testRules([...loading.modules, ...loading.tests], loading.loaded),
    ...rows.map((row) => tableCase(row, loading.loaded)),
    ...incidents.tests,
  ];
  const wanted = inOrder(cases.filter(chosenBy(options.run)));
  const ran = await runAll(wanted, loading, options).finally(incidents.close);
  show({ ...ran, where, threshold: options.threshold ?? null }, options, shell);
  return isPassed(ran, options) ? EXIT.ok : EXIT.no;
}

function isPassed({ coverage, tested }: Ran, { threshold = 0 }: TestOptions): boolean {
  const isReached = coverage === null || coverage.percent >= threshold;
  return isReached && tested.length > 0 && tested.every(({ outcome }) => isGood(outcome));
}

function show(told: Told, { json, verbose }: TestOptions, shell: Shell): void {
  const how = { paint: paintFor(shell, shell.out), verbose: verbose === true };
  const lines = json ? [JSON.stringify(jsonOf(told))] : reportLines(told, how);
  for (const line of lines) shell.out.write(`${line}\n`);
}

interface Refused {
  readonly problems: readonly Problem[];
  readonly read: Read;
}

function refuse({ problems, read }: Refused, { json }: TestOptions, shell: Shell): number {
  if (json) shell.out.write(`${JSON.stringify({ problems })}\n`);
  else {
    const paint = paintFor(shell, shell.err);
    for (const line of problemLines(problems, read.texts, paint)) shell.err.write(`${line}\n`);
  }
  return EXIT.no;
}

/** By RE2, as policies match: no pattern takes forever. */
function chosenBy(pattern: string | undefined): (one: TestCase) => boolean {
  if (pattern === undefined) return () => true;
  const regex = regexOf(pattern);
  return ({ file, name }) => regex.matches(`${file}: ${name}`);
}

function regexOf(pattern: string) {
  try {
    return policyMeans(TEST_MS_MAX)().host.regex(pattern);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = "It is matched as RE2 matches, with FILE: NAME of each test.";
    throw new CommandError(EXIT.usage, `--run ${pattern} is no pattern: ${why}`, hint);
  }
}

function inOrder(cases: readonly TestCase[]): readonly TestCase[] {
  return cases.toSorted((one, other) => {
    if (one.file !== other.file) return one.file < other.file ? -1 : 1;
    return (one.row ?? 0) - (other.row ?? 0);
  });
}

type Ran = Pick<Told, "coverage" | "tested">;

async function runAll(
  cases: readonly TestCase[],
  { data, modules }: Extract<Loading, { kind: "ok" }>,
  options: TestOptions,
): Promise<Ran> {
  const isWanted = isCoverageWanted(options);
  const covered = new Covered();
  const means = policyMeans(TEST_MS_MAX);
  const tested: Tested[] = [];
  for (const { file, row, run } of cases) {
    const evaluation: Silent = {
      ...means(),
      ...(isWanted ? { visit: covered.visit } : {}),
      data,
      strict: options.lenient !== true,
    };
    for (const one of await run(evaluation)) tested.push({ file, row, ...one });
  }
  return { tested, coverage: isWanted ? covered.of(modules) : null };
}

function isCoverageWanted({ coverage, threshold }: TestOptions): boolean {
  return coverage === true || threshold !== undefined;
}

function isGood({ kind }: Outcome): boolean {
  return kind === "pass" || kind === "skip";
}

/** Without times, so that two runs of the same can be compared. */
function jsonOf({ coverage, tested }: Ran) {
  const count = (kind: Outcome["kind"]) =>
    tested.filter(({ outcome }) => outcome.kind === kind).length;
  return {
    ...{ passed: count("pass"), failed: count("fail") },
    ...{ errors: count("error"), skipped: count("skip") },
    tests: tested.map(testJson),
    ...(coverage === null ? {} : { coverage }),
  };
}

function testJson({ file, name, outcome, output, row }: Tested) {
  const place = { file, row, name, result: outcome.kind };
  if (isGood(outcome)) return place;
  const printed = output.length === 0 ? {} : { output };
  if (outcome.kind !== "error") return { ...place, ...outcomeJson(outcome), ...printed };
  const { at, code, message } = outcome;
  const where = at === undefined ? {} : { at: placeOf(at) };
  return { ...place, error: { code, message, ...where }, ...printed };
}

function outcomeJson(outcome: Outcome) {
  return outcome.kind === "fail" ? { because: outcome.because } : {};
}

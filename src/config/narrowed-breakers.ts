/** Breakers of one agent's manifest: it may add rules, and tighten those that all agents have. */
import type { BreakerRule, Line } from "../guards/breaker/rules.ts";
import { agentOfFile, type ManifestFile } from "./agents.ts";
import { heightOf, overOf, type RuleNumbers } from "./breaker-line.ts";
import { lineOf, rulesOf } from "./breakers.ts";
import type { Issue } from "./configuration.ts";
import { issueAt } from "./issues.ts";

interface Narrowed {
  /** Of agents whose manifests say something of breakers: all their rules. */
  readonly agentBreakers: ReadonlyMap<string, readonly BreakerRule[]>;
  readonly issues: readonly Issue[];
}

export function narrowedBreakers(
  files: readonly ManifestFile[],
  common: readonly BreakerRule[],
): Narrowed {
  const agentBreakers = new Map<string, readonly BreakerRule[]>();
  const issues: Issue[] = [];
  for (const { data, source } of files) {
    if (data?.breakers === undefined) continue;
    const rules = new Map(common.map((rule) => [rule.name, rule]));
    for (const { index, rule, written } of rulesOf(data.breakers, common, { source, issues })) {
      const before = rules.get(written.name);
      const refuse = (key: string, expected: string) =>
        issues.push(issueAt(source, ["breakers", index, key], expected, HINT));
      if (written.enabled === false) {
        refuse("enabled", "true: an agent's manifest turns no breaker off");
      } else if (rule !== null) {
        const looser = before === undefined ? null : looserIn(before, rule);
        if (looser === null) rules.set(rule.name, rule);
        else refuse(looser.key, looser.expected);
      }
    }
    agentBreakers.set(agentOfFile(source.file), [...rules.values()]);
  }
  return { agentBreakers, issues };
}

const HINT =
  "A manifest may tighten a breaker or add one under another name; what is looser belongs into slipclutch.yaml.";

interface Looser {
  readonly key: string;
  readonly expected: string;
}

/** Null: the rule lets pass nothing that the one before would not have. */
function looserIn(before: BreakerRule, rule: BreakerRule): Looser | null {
  if (before.action === "trip" && rule.action !== "trip") {
    return { key: "action", expected: "trip, as slipclutch.yaml has it" };
  }
  const [was, is] = [lineOf(before), lineOf(rule)];
  if (was.kind !== is.kind || overOf(was) !== overOf(is)) {
    return { key: "above", expected: `a line of the same kind, ${wordsOf(was)} or below` };
  }
  if (heightOf(is) > heightOf(was)) {
    return { key: "above", expected: `${wordsOf(was)} or below` };
  }
  return looserTimes(before, rule);
}

function looserTimes(was: RuleNumbers, is: RuleNumbers): Looser | null {
  if ((is.forMs ?? 0) > (was.forMs ?? 0)) {
    return { key: "for", expected: `at most ${was.forMs} ms` };
  }
  if ((is.atLeast ?? 0) > (was.atLeast ?? 0)) {
    return { key: "at_least", expected: `at most ${was.atLeast}` };
  }
  if (is.sameResult === true && was.sameResult === false) {
    return { key: "same_result", expected: "false" };
  }
  // Of what is measured over a window a longer one sees less of a burst, and a shorter one less of
  // what is slow; of what is counted within it, a longer one sees more.
  const isLevel = was.forMs !== undefined;
  const isLooser = isLevel
    ? is.windowMs !== was.windowMs
    : (is.windowMs ?? 0) < (was.windowMs ?? 0);
  if (!isLooser) return null;
  return { key: "window", expected: `${isLevel ? "" : "at least "}${was.windowMs} ms` };
}

function wordsOf(line: Line): string {
  switch (line.kind) {
    case "value":
      return `{ value: ${line.value} }`;
    case "average":
      return `{ times: ${line.times}, of: rolling_average }`;
    case "last-week":
      return `{ times: ${line.times}, of: same_hour_last_week }`;
    case "ewma":
      return `{ sigmas: ${line.sigmas}, of: ewma }`;
    case "median":
      return `{ mads: ${line.mads}, of: median }`;
  }
}

/** All guards, in their order. The first that does not allow wins and leaves no trace. */
import { budget } from "./budget/admit.ts";
import { cap } from "./cap/cap.ts";
import type { Answer } from "./events.ts";
import type { Allow, Bounds, Facts, Guard, Short, States, Verdict } from "./facts.ts";
import { grant } from "./manifest/grant.ts";
import { worstCase } from "./price/worst-case.ts";
import { known } from "./request/known.ts";
import { alive } from "./task/alive.ts";
import { checkArguments } from "./tool/arguments.ts";
import { effect } from "./tool/effect.ts";
import type { ToolFacts, ToolGuard } from "./tool/facts.ts";
import { grantTool } from "./tool/grant.ts";

/**
 * From what is refused for good to what only has to wait: a call that the manifest refuses is
 * refused also when the budget is spent, and takes nothing from it.
 */
const GUARDS: readonly (readonly [name: string, guard: Guard])[] = [
  ["task", alive],
  ["request", known],
  ["manifest", grant],
  ["cap", cap],
  ["price", worstCase],
  ["budget", budget],
];

const UNBOUND: Bounds = {
  outputCap: null,
  outputFloor: 1,
  inputTokens: 0,
  fixedPico: 0,
  perTokenPico: 0,
  reserve: 0,
};

export interface Decision {
  readonly states: States;
  readonly verdict: Verdict | Short;
  /** What each guard answered, in order, up to the one that decided. */
  readonly answers: readonly Answer[];
}

const TOOL_GUARDS: readonly (readonly [name: string, guard: ToolGuard])[] = [
  ["manifest", grantTool],
  ["effect", effect],
  ["arguments", checkArguments],
];

/**
 * Asks every guard in turn; what one narrowed, the next sees. Unless all allow, the states are
 * those given.
 */
export function admit(facts: Facts, states: States): Decision {
  const answers: Answer[] = [];
  let next = states;
  let verdict: Verdict = { kind: "allow", bounds: UNBOUND, numbers: {} };
  for (const [name, guard] of GUARDS) {
    const [after, answer] = guard(facts, verdict.bounds, next);
    if (answer.kind === "short") return { states, verdict: answer, answers };
    if (answer.kind === "deny") {
      answers.push({ guard: name, answer: answer.code, numbers: answer.facts });
      return { states, verdict: { ...answer, rule: name }, answers };
    }
    answers.push({ guard: name, answer: "allow", numbers: answer.numbers });
    [next, verdict] = [after, answer];
  }
  return { states: next, verdict, answers };
}

/** As `admit`, for a tool call: what only looks comes first, then the money. */
export function admitTool(facts: ToolFacts, states: States): Decision {
  const bounds = { ...UNBOUND, reserve: facts.reserve };
  const answers: Answer[] = [];
  const deciding = (name: string, denial: Denial): Decision => {
    answers.push({ guard: name, answer: denial.code, numbers: denial.facts });
    return { states, verdict: { ...denial, rule: name }, answers };
  };
  if (facts.task.ended) return deciding("task", deny("task.ended", { task: facts.task.id }));
  answers.push({ guard: "task", answer: "allow", numbers: {} });
  for (const [name, guard] of TOOL_GUARDS) {
    const answer = guard(facts);
    if (answer.kind === "deny") return deciding(name, answer);
    answers.push({ guard: name, answer: "allow", numbers: answer.numbers });
  }
  const [after, answer] = budget(facts, bounds, states);
  if (answer.kind === "short") return { states, verdict: answer, answers };
  if (answer.kind === "deny") return deciding("budget", answer);
  answers.push({ guard: "budget", answer: "allow", numbers: answer.numbers });
  return { states: after, verdict: answer, answers };
}

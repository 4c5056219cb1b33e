/** All guards, in their order. The first that does not allow wins and leaves no trace. */
import { budget } from "./budget/admit.ts";
import { cap } from "./cap/cap.ts";
import type { Answer } from "./events.ts";
import type { Bounds, Facts, Guard, Short, States, Verdict } from "./facts.ts";
import { grant } from "./manifest/grant.ts";
import { worstCase } from "./price/worst-case.ts";
import { known } from "./request/known.ts";
import { alive } from "./task/alive.ts";

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

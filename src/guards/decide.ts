/** All guards, in their order. The first that does not allow wins and leaves no trace. */
import { budget } from "./budget/admit.ts";
import { NOTHING } from "./budget/unit.ts";
import { cap } from "./cap/cap.ts";
import { ENGAGED } from "./clutch/clutch.ts";
import { type ClutchFacts, clutch } from "./clutch/guard.ts";
import type { Park } from "./clutch/park.ts";
import { place, termsFacts } from "./commitment/guard.ts";
import { concurrency } from "./concurrency/guard.ts";
import type { Answer } from "./events.ts";
import {
  type Bounds,
  type Facts,
  type Guard,
  NO_NUMBERS,
  type Short,
  type ShortOfPermits,
  type States,
  type Verdict,
} from "./facts.ts";
import { grant } from "./manifest/grant.ts";
import { isSpared, recordedOf, sparedAnswer } from "./manifest/observe.ts";
import { modelPolicy, toolPolicy } from "./policy/guard.ts";
import { UNASKED } from "./policy/said.ts";
import { worstCase } from "./price/worst-case.ts";
import { rateLimit } from "./rate-limit/guard.ts";
import { known } from "./request/known.ts";
import { alive } from "./task/alive.ts";
import { approval, modelApproval } from "./tool/approval.ts";
import { amountsOf } from "./tool/cost.ts";
import type { ToolAllow, ToolFacts, ToolLook, Unpoliced } from "./tool/facts.ts";
import { hosted } from "./tool/hosted.ts";
import { inner } from "./tool/inner.ts";
import { LOOKS } from "./tool/looks.ts";
import { offered } from "./tool/offered.ts";
import { offeredNow } from "./tool/pin.ts";
import type { Denial } from "./verdict.ts";

/** What the guards are told of the one whose call it is. */
type ToldOfAgent = { readonly manifest: Pick<Facts["manifest"], "observing"> };

/** The guards of one kind of call, by name. */
type Guards<Told> = readonly (readonly [name: string, guard: Guard<Told>])[];

/**
 * From what is refused for good to what only has to wait: a call that the manifest refuses is
 * refused also when the budget is spent, and takes nothing from it.
 */
const MODEL_GRANTS: Guards<Facts> = [
  ["task", alive],
  ["request", known],
  ["manifest", grant],
  ["tools", offered],
  ["hosted", hosted],
];

const MODEL_GUARDS: Guards<Facts> = [
  ...MODEL_GRANTS,
  ["policy", modelPolicy],
  ["cap", cap],
  ["price", worstCase],
  ["clutch", engaged],
  ["approval", modelApproved],
  ["budget", budget],
];

type ToolRules = readonly (readonly [
  name: string,
  rule: (facts: ToolLook) => ToolAllow | Denial,
])[];

/** What the manifest says of a tool call. */
const TOOL_GRANTS: ToolRules = [...LOOKS, ["inner", inner]];

/** What is asked of a tool call wherever it is seen. */
const TOOL_LOOKS: ToolRules = [...TOOL_GRANTS, ["policy", toolPolicy]];

const TOOL_GUARDS: Guards<ToolFacts> = [
  ["task", alive],
  ...TOOL_LOOKS.map(([name, rule]) => [name, looking(rule)] as const),
  ["clutch", engaged],
  ["pin", looking(offeredNow)],
  ["approval", approved],
  ["rate-limit", rateLimit],
  ["concurrency", concurrency],
  ["budget", budget],
];

/** Those of a tool whose calls go on costing: a place is asked for before permits and money. */
const COMMITTING_GUARDS: Guards<ToolFacts> = TOOL_GUARDS.flatMap((guard): Guards<ToolFacts> => {
  return guard[0] === "rate-limit" ? [["commitment", looking(place)], guard] : [guard];
});

const UNBOUND: Bounds = {
  outputCap: null,
  outputFloor: 1,
  removedTools: new Set(),
  inputTokens: 0,
  fixedPico: 0,
  perTokenPico: 0,
  fixedTokens: 0,
  tokensPerCap: 0,
  reserve: NOTHING,
};

export interface Decision {
  readonly states: States;
  readonly verdict: Verdict | Park | Short | ShortOfPermits;
  /** What each guard answered, in order, up to the one that decided. */
  readonly answers: readonly Answer[];
}

/** May this model call go out? */
export function admit(facts: Facts, states: States): Decision {
  return ask(MODEL_GUARDS, facts, UNBOUND, states);
}

/** May this tool call go out? */
export function admitTool(facts: ToolFacts, states: States): Decision {
  const bounds = { ...UNBOUND, reserve: amountsOf(facts.reserve) };
  const { resolved } = facts;
  // Nobody could run it: that is refused, observed or not.
  if (typeof resolved === "string") return ask(TOOL_GUARDS, enforced(facts), bounds, states);
  if (resolved.commitment === null) {
    return ask(TOOL_GUARDS, facts, bounds, states);
  }
  const decision = ask(COMMITTING_GUARDS, facts, bounds, states);
  const { verdict } = decision;
  if (verdict.kind !== "deny" || verdict.rule !== "budget") return decision;
  // What did not fit is mostly the horizon: whoever reads the refusal is to see it.
  const said = { ...verdict.facts, ...termsFacts(resolved.commitment) };
  return { ...decision, verdict: { ...verdict, facts: said } };
}

function enforced(facts: ToolFacts): ToolFacts {
  return { ...facts, manifest: { ...facts.manifest, observing: false } };
}

/** Whether the manifest lets it through: of nothing else is a policy asked. */
export function isModelGranted(facts: Omit<Facts, "policy" | "clutch">): boolean {
  // Neither clutch nor purses: none of these guards looks at them.
  const told: Facts = { ...facts, policy: UNASKED, clutch: ENGAGED };
  return ask(MODEL_GRANTS, told, UNBOUND, { purses: [] }).verdict.kind === "allow";
}

/** The same of a tool call. */
export function isToolGranted(facts: Unpoliced): boolean {
  return looked(TOOL_GRANTS, { ...facts, policy: UNASKED }).denial === null;
}

/** May this tool be called like this, by anybody's hand? Nothing is taken, so nothing to undo. */
export function lookAtTool(facts: ToolLook): Looked {
  return looked(TOOL_LOOKS, facts);
}

interface Looked {
  readonly denial: Denial | null;
  readonly answers: readonly Answer[];
}

function looked(rules: ToolRules, facts: ToolLook): Looked {
  const answers: Answer[] = [];
  for (const [guard, rule] of rules) {
    const answer = rule(facts);
    if (answer.kind === "deny" && isSpared(answer, facts.manifest)) {
      answers.push(sparedAnswer(guard, answer));
      // Of a name that nobody here knows there is nothing else to look at.
      if (typeof facts.resolved === "string") break;
      continue;
    }
    if (answer.kind === "deny") {
      answers.push({ guard, answer: answer.code, numbers: recordedOf(answer) });
      return { denial: { ...answer, rule: guard }, answers };
    }
    answers.push({ guard, answer: "allow", numbers: answer.numbers });
  }
  return { denial: null, answers };
}

/**
 * Asks every guard in turn; what one narrowed, the next sees. Unless all allow, the states are
 * those given.
 */
function ask<Told extends ToldOfAgent>(
  guards: Guards<Told>,
  facts: Told,
  bounds: Bounds,
  states: States,
): Decision {
  const answers: Answer[] = [];
  let next = states;
  let verdict: Verdict = { kind: "allow", bounds, numbers: NO_NUMBERS };
  for (const [name, guard] of guards) {
    const [after, answer] = guard(facts, verdict.bounds, next);
    if (answer.kind === "park") {
      answers.push({ guard: name, answer: `park: ${answer.cause}`, numbers: parkedBy(answer) });
      return { states, verdict: answer, answers };
    }
    if (answer.kind === "short" || answer.kind === "short-of-permits") {
      return { states, verdict: answer, answers };
    }
    if (answer.kind === "deny" && isSpared(answer, facts.manifest)) {
      answers.push(sparedAnswer(name, answer));
      continue;
    }
    if (answer.kind === "deny") {
      answers.push({ guard: name, answer: answer.code, numbers: recordedOf(answer) });
      return { states, verdict: { ...answer, rule: name }, answers };
    }
    answers.push({ guard: name, answer: "allow", numbers: answer.numbers });
    [next, verdict] = [after, answer];
  }
  return { states: next, verdict, answers };
}

/** A rule that only looks narrows nothing and takes nothing. */
function looking(rule: (facts: ToolFacts) => ToolAllow | Denial): Guard<ToolFacts> {
  return (facts, bounds, states) => {
    const answer = rule(facts);
    return [states, answer.kind === "deny" ? answer : { ...answer, bounds }];
  };
}

function engaged(
  facts: ClutchFacts,
  bounds: Bounds,
  states: States,
): ReturnType<Guard<ClutchFacts>> {
  const answer = clutch(facts);
  return [states, answer.kind === "park" ? answer : { ...answer, bounds }];
}

function approved(facts: ToolFacts, bounds: Bounds, states: States): ReturnType<Guard<ToolFacts>> {
  const answer = approval(facts);
  return [states, answer.kind === "allow" ? { ...answer, bounds } : answer];
}

function modelApproved(facts: Facts, bounds: Bounds, states: States): ReturnType<Guard> {
  const answer = modelApproval(facts);
  return [states, answer.kind === "allow" ? { ...answer, bounds } : answer];
}

function parkedBy(park: Park): Answer["numbers"] {
  if (park.cause === "clutch") return { review: park.review };
  return park.reasons.length === 0 ? NO_NUMBERS : { reasons: park.reasons.join("; ") };
}

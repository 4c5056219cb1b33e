/** One decision explained: what was asked, what each guard answered, what it cost, how it ended. */
import { type Asked, isToolAsked } from "../guards/events.ts";
import { formatUsd } from "../guards/money.ts";
import { DENIALS, type DenialCode } from "../guards/verdict.ts";
import type { DecisionRecords } from "./operations.ts";
import type { ExplanationView } from "./schemas/journal.ts";
import { eventView, iso } from "./views.ts";

/** What says most first. */
const MAIN = [
  "call.settled",
  "call.refused",
  "call.admitted",
  "call.parked",
  "policy.asked",
] as const;

type Events = DecisionRecords["records"][number]["event"];
type Main = Extract<Events, { kind: (typeof MAIN)[number] }>;

/** Of what is known, the event that says most. */
function mainOf(records: DecisionRecords): { readonly at: number; readonly event: Main } | null {
  for (const kind of MAIN) {
    for (const { at, event } of records.records) {
      if (isMain(event) && event.kind === kind) return { at, event };
    }
  }
  return null;
}

function isMain(event: Events): event is Main {
  return MAIN.some((kind) => kind === event.kind);
}

function denialOf(event: Main): ExplanationView["denial"] {
  if (event.kind !== "call.refused") return null;
  const { code, facts } = event;
  // An entry of another version may name a code that this one does not have.
  const known: (typeof DENIALS)[DenialCode] | undefined = DENIALS[code];
  return { code, says: known?.says ?? "", hint: known?.hint ?? "", facts };
}

function outcomeOf(event: Main): ExplanationView["outcome"] {
  if (event.kind !== "call.settled") return null;
  const { outcome, status, fault, usage, estimated, reserved, charged } = event;
  const { sentCap, capped, decidedMs, firstByteMs, endedMs } = event;
  const money = { reserved, charged, estimated, usage };
  const times = { decidedMs, firstByteMs, endedMs };
  return eventView({ outcome, status, fault, ...money, sentCap, capped, ...times });
}

/** Sentences for what was out of the ordinary, of calls of models and of tools. */
const OVERBILLED = {
  model: "The provider billed more than was reserved; the model is reserved in full now.",
  tool: "The tool used more than the `max` of its cost, and was charged for all of it.",
};
const ESTIMATED = {
  model:
    "The provider gave no usage that could be believed: the cost is the most it may have been.",
  tool: "The tool may have run and nothing says what it used: it is charged all that was reserved.",
};

/** Its horizons are many and alike: of those that were renewed nothing is said. */
function commitmentRemark(event: Events): string | null {
  switch (event.kind) {
    case "commitment.opened": {
      const hours = `$${formatUsd(event.perHour)} an hour`;
      const legs = event.legs.map(({ budget, reserved }) => `$${formatUsd(reserved)} of ${budget}`);
      const aside = legs.length === 0 ? "no budget pays for it" : `set aside: ${legs.join(", ")}`;
      return `What it begins costs ${hours} until it ends; ${aside}.`;
    }
    case "commitment.unknown":
      return "Nobody knows whether it began anything: it is charged on until a person ends it.";
    case "commitment.unrenewable":
      return `What it began could not be renewed: ${event.budget || "no budget"} does not cover it.`;
    case "commitment.ended": {
      const cost = formatUsd(BigInt(event.accrued));
      return `What it began has ended (${event.by}: ${event.reason}) and has cost $${cost}.`;
    }
    default:
      return null;
  }
}

function resultRemark({ beyond, code, tool }: Extract<Events, { kind: "result.unallowed" }>) {
  const of = tool === null ? "a call" : `a call of ${tool}`;
  const why = code === null ? "that the model has not asked for" : `that is refused (${code})`;
  const more = beyond === 0 ? "" : ` There were ${beyond} more.`;
  return `It brought the model the result of ${of} ${why}.${more}`;
}

/** What the call asked for; a question to a policy asked for none. */
function askedIn(event: Main): Asked | null {
  return event.kind === "policy.asked" ? null : event.asked;
}

function answersOf(event: Main): ExplanationView["answers"] {
  if (event.kind !== "policy.asked") return "answers" in event ? [...event.answers] : [];
  const { because, path, policy, verdict } = event;
  const named = { ...(policy !== null && { policy }), path, ...(because !== null && { because }) };
  return [{ guard: "policy", answer: verdict, numbers: named }];
}

function remarksOf(records: DecisionRecords, asked: Asked | null): string[] {
  const remarks: string[] = [];
  const kind = asked !== null && isToolAsked(asked) ? "tool" : "model";
  for (const { event } of records.records) {
    if (event.kind === "call.capped") {
      remarks.push(`The answer ended because it hit the cap of ${event.cap} tokens.`);
    }
    if (event.kind === "call.parked") {
      remarks.push(`It was parked as ${event.call}, for review ${event.review}.`);
    }
    if (event.kind === "call.attached") {
      remarks.push(`It took the place of the parked call ${event.call}, which was ${event.state}.`);
    }
    if (event.kind === "result.unallowed") remarks.push(resultRemark(event));
    const committed = commitmentRemark(event);
    if (committed !== null) remarks.push(committed);
    if (event.kind === "budget.overbilled") remarks.push(OVERBILLED[kind]);
    if (event.kind === "call.settled" && event.estimated) remarks.push(ESTIMATED[kind]);
  }
  if (records.lostAt !== null) {
    const at = iso(records.lostAt);
    remarks.push(
      `Its process was gone or cut off by ${at}: what it had reserved is charged as forfeited, and up to 1 s of its journal is missing.`,
    );
  }
  return remarks;
}

function stateOf(records: DecisionRecords, main: Main): ExplanationView["state"] {
  if (main.kind === "call.settled") return "settled";
  if (main.kind === "call.refused") return "refused";
  if (main.kind === "call.parked") return "parked";
  if (main.kind === "policy.asked") return "asked";
  if (records.inFlight) return "in-flight";
  return records.lostAt === null ? "unknown" : "lost";
}

/** Null where the records hold remarks only. */
export function explanationView(records: DecisionRecords): ExplanationView | null {
  const main = mainOf(records);
  if (!main) return null;
  const { at, event } = main;
  const { decision, call, agent, task, key, revision } = event;
  const asked = askedIn(event);
  const legs = "legs" in event ? event.legs : [];
  return {
    ...{ decision, call, agent, task, key, revision },
    state: stateOf(records, event),
    at: iso(at),
    asked: asked === null ? null : eventView(asked),
    answers: answersOf(event),
    denial: denialOf(event),
    budgets: legs.map(eventView),
    outcome: outcomeOf(event),
    remarks: remarksOf(records, asked),
  };
}

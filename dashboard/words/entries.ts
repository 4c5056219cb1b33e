/** An entry of the journal as one line that a tired person reads once. */
import type { EntryView } from "../../src/control/schemas/journal.ts";
import { usd } from "./money.ts";
import { count } from "./numbers.ts";
import { duration } from "./time.ts";

/** What became of it; colour follows from this and never stands alone. */
export type Verdict = "allow" | "deny" | "park" | "trip" | "note";

export interface Line {
  readonly verdict: Verdict;
  /** `Allowed`, `Denied`, `Parked`, or what happened. */
  readonly word: string;
  /** What it was about: a tool, a model, an agent. */
  readonly about: string;
  /** What decided, or who, in as few words as possible. */
  readonly detail: string;
  /** Exact decimal; null: it has no cost. */
  readonly costUsd: string | null;
}

type Said = Readonly<Record<string, unknown>>;

function textOf(said: Said, name: string): string {
  const value = said[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function partOf(said: Said, name: string): Said {
  const value = said[name];
  // Checked: an object, whose fields are looked at one by one.
  return typeof value === "object" && value !== null ? (value as Said) : {};
}

/** What a call asked for: the tool, or the model. */
export function askedOf(event: Said): string {
  const asked = partOf(event, "asked");
  return textOf(asked, "tool") || textOf(asked, "model");
}

/** `cloud.create_service`, `openai`: where that is. */
export function placeOf(event: Said): string {
  const asked = partOf(event, "asked");
  return textOf(asked, "server") || textOf(asked, "provider");
}

const OUTCOMES: Readonly<Record<string, string>> = {
  ok: "",
  error: "an error in its answer",
  fault: "no answer",
  aborted: "cut off by its client",
  dropped: "its client had gone",
};

function settled(event: Said): Line {
  const outcome = textOf(event, "outcome");
  const status = textOf(event, "status");
  const more = [OUTCOMES[outcome] ?? outcome, textOf(event, "fault")].filter((one) => one !== "");
  if (outcome !== "ok" && status !== "") more.push(`status ${status}`);
  if (event.capped === true) more.push("output capped");
  if (event.estimated === true) more.push("cost estimated");
  return {
    verdict: "allow",
    word: outcome === "ok" ? "Allowed" : "Allowed, failed:",
    about: askedOf(event),
    detail: more.join(", "),
    costUsd: textOf(event, "charged_usd") || null,
  };
}

/** Who is told to come again has not been denied anything. */
export const WAITS: readonly string[] = [
  ...["clutch.parked", "approval.pending", "budget.parked", "parking.full"],
];

function refused(event: Said): Line {
  const code = textOf(event, "code");
  const about = askedOf(event) || "a request";
  return WAITS.includes(code)
    ? { verdict: "park", word: "Waits", about, detail: `told ${code}`, costUsd: null }
    : { verdict: "deny", word: "Denied", about, detail: code, costUsd: null };
}

/** Of the calls around a review it is that one. */
function forReview(event: Said): string {
  const review = textOf(event, "review");
  return review === "" ? "" : `for ${review}`;
}

const note = (word: string, about: string, detail: string): Line => ({
  ...{ verdict: "note", word, about, detail, costUsd: null },
});

const by = (event: Said): string => `by ${textOf(event, "by")}`;
const because = (event: Said): string => `by ${textOf(event, "by")}: ${textOf(event, "reason")}`;

type Reader = (event: Said) => Line;

const CALLS: Readonly<Record<string, Reader>> = {
  "call.admitted": (event) => ({
    ...{ verdict: "allow", word: "Allowed", about: askedOf(event), detail: "in flight" },
    costUsd: null,
  }),
  "call.settled": settled,
  "call.refused": refused,
  "call.spared": (event) => ({
    ...{ verdict: "allow", word: "Allowed, observed", about: askedOf(event) },
    ...{ detail: `would be ${textOf(event, "code")}`, costUsd: null },
  }),
  "call.parked": (event) => ({
    ...{ verdict: "park", word: "Parked", about: askedOf(event) },
    ...{ detail: forReview(event), costUsd: null },
  }),
  "call.attached": (event) => ({
    ...{ verdict: "park", word: "Came back", about: askedOf(event) },
    ...{ detail: `its call was ${textOf(event, "state")}`, costUsd: null },
  }),
  "call.capped": (event) => note("Capped", textOf(event, "model"), `at ${textOf(event, "cap")}`),
  "result.unallowed": (event) =>
    note("Result of no allowed call", textOf(event, "tool"), textOf(event, "code")),
  "policy.asked": (event) =>
    note("Policy asked", textOf(event, "path"), `answered ${textOf(event, "verdict")}`),
};

const PEOPLE: Readonly<Record<string, Reader>> = {
  "breaker.alarmed": (event) => ({
    ...{ verdict: textOf(event, "action") === "trip" ? "trip" : "park", costUsd: null },
    ...{ word: textOf(event, "action") === "trip" ? "Tripped" : "Alert" },
    ...{ about: textOf(event, "rule"), detail: textOf(event, "says") },
  }),
  "clutch.disengaged": (event) => ({
    ...{ verdict: "trip", word: "Disengaged", about: textOf(event, "agent"), costUsd: null },
    detail: because(event),
  }),
  "review.decided": (event) =>
    note(
      `Decided: ${decisionName(textOf(event, "decision"))}`,
      textOf(event, "agent"),
      because(event),
    ),
  "review.proposed": (event) =>
    note(
      `Proposed: ${decisionName(textOf(event, "decision"))}`,
      textOf(event, "agent"),
      because(event),
    ),
  "budget.raised": (event) =>
    note(
      textOf(event, "limit") === "" ? "Raise withdrawn" : `Limit raised: ${textOf(event, "limit")}`,
      [textOf(event, "budget"), textOf(event, "scope")].filter((part) => part !== "").join(" "),
      because(event),
    ),
  "agent.told": (event) =>
    note("Model told", textOf(event, "task"), `what ${textOf(event, "by")} said`),
  "call.shown": (event) => note("Arguments looked at", textOf(event, "call"), by(event)),
  "incident.noted": (event) =>
    note("Noted", textOf(event, "agent"), `${by(event)}: ${textOf(event, "text")}`),
  "incident.exported": (event) => note("Exported", textOf(event, "incident"), by(event)),
  "task.opened": (event) => note("Task opened", textOf(event, "task"), textOf(event, "how")),
  "task.ended": (event) =>
    note("Task ended", textOf(event, "task"), `${textOf(event, "outcome")}, ${by(event)}`),
  "transcript.read": (event) => note("Transcript read", textOf(event, "task"), by(event)),
  "transcript.erased": (event) => note("Transcript erased", textOf(event, "task"), because(event)),
  "key.created": (event) => note("Key created", textOf(event, "holder"), by(event)),
  "key.revoked": (event) => note("Key revoked", textOf(event, "key"), by(event)),
  "configuration.changed": (event) =>
    note("Guardrails changed", textOf(event, "commit") || short(textOf(event, "to")), by(event)),
  "configuration.rejected": (event) => ({
    ...note("Guardrails rejected", textOf(event, "commit"), textOf(event, "first")),
    verdict: "deny",
  }),
};

const NOTICES: Readonly<Record<string, Reader>> = {
  "notice.sent": (event) =>
    note("People told", textOf(event, "notifier"), `of ${textOf(event, "about")}`),
  "notice.given-up": (event) => ({
    ...note("Nobody told", textOf(event, "notifier"), textOf(event, "because")),
    verdict: "deny",
  }),
};

const MONEY: Readonly<Record<string, Reader>> = {
  "budget.overbilled": (event) => ({
    ...note("Billed above its worst case", textOf(event, "model"), textOf(event, "provider")),
    verdict: "deny",
  }),
  "model.flagged": (event) =>
    note(
      "Model flagged",
      textOf(event, "model"),
      `bills more ${textOf(event, "what")} than its bound`,
    ),
  "model.cleared": (event) => note("Flag cleared", textOf(event, "model"), because(event)),
  "forfeit.released": (event) => note("Forfeit released", textOf(event, "holder"), because(event)),
  "commitment.opened": (event) =>
    note("Goes on costing", textOf(event, "tool"), `${usd(textOf(event, "usd_per_hour"))} an hour`),
  "commitment.renewed": (event) => note("Set aside again", textOf(event, "tool"), ""),
  "commitment.unknown": (event) =>
    note("May be running", textOf(event, "tool"), "nobody knows: charged until a person ends it"),
  "commitment.unrenewable": (event) => ({
    ...note("Not paid for", textOf(event, "tool"), `${textOf(event, "budget")} does not cover it`),
    verdict: "deny",
  }),
  "commitment.ended": (event) => ({
    ...note("Ended", textOf(event, "tool"), because(event)),
    costUsd: textOf(event, "accrued_usd") || null,
  }),
};

const GATEWAY: Readonly<Record<string, Reader>> = {
  "gateway.started": (event) =>
    note("Gateway started", textOf(event, "host"), `version ${textOf(event, "version")}`),
  "gateway.stopped": () => note("Gateway stopped", "", ""),
  "gateway.fenced": (event) => ({
    ...note("Gateway fenced", "", textOf(event, "because")),
    verdict: "deny",
  }),
  "journal.gap": (event) => ({
    ...note("Gap in the journal", textOf(event, "writer"), "up to 1 s of entries may be missing"),
    verdict: "park",
  }),
  "journal.overflowed": (event) => ({
    ...note("Journal overflowed", "", `${textOf(event, "dropped")} events are missing`),
    verdict: "deny",
  }),
  "store.lost": (event) => ({
    ...note("Store lost", "", textOf(event, "message")),
    verdict: "deny",
  }),
  "store.found": (event) =>
    note("Store found", "", `after ${duration(Number(textOf(event, "after_ms")))}`),
  "remote.lost": (event) => note("Git remote lost", "", textOf(event, "because")),
  "remote.found": (event) =>
    note("Git remote found", "", `after ${duration(Number(textOf(event, "after_ms")))}`),
  "remote.rewritten": (event) =>
    note(
      "Git history rewritten",
      short(textOf(event, "to")),
      `was ${short(textOf(event, "from"))}`,
    ),
};

const READERS: Readonly<Record<string, Reader>> = {
  ...CALLS,
  ...PEOPLE,
  ...NOTICES,
  ...MONEY,
  ...GATEWAY,
};

/** Every kind that is known here, for the filter of the journal. */
export const KINDS: readonly string[] = Object.keys(READERS);

/** A kind of a later version is shown by its own name: nothing is left out. */
export function lineOf({ event, kind }: Pick<EntryView, "event" | "kind">): Line {
  return READERS[kind]?.(event) ?? note(kind, textOf(event, "agent"), textOf(event, "reason"));
}

/** How large the result was, in the words of what it is: tokens of a model, nothing of a tool. */
export function resultOf({ event, kind }: Pick<EntryView, "event" | "kind">): string {
  if (kind !== "call.settled") return "";
  const usage = partOf(event, "usage");
  const output = usage.output ?? usage.output_tokens;
  return typeof output === "number" ? `${count(output)} tokens` : "";
}

/** Milliseconds until its answer ended; null: it was no call, or has not ended. */
export function tookMs({ event }: Pick<EntryView, "event">): number | null {
  return typeof event.ended_ms === "number" ? event.ended_ms : null;
}

const DECISIONS: Readonly<Record<string, string>> = {
  resume: "resumed",
  probe: "probing",
  approve: "approved",
  deny: "denied",
  end: "ended",
  calm: "stayed calm",
  ran: "it ran",
  did_not_run: "it did not run",
  change: "changed",
  proposed: "proposed",
};

/** What a decision is called once it is made. */
export function decisionName(decision: string): string {
  return DECISIONS[decision] ?? decision;
}

/** `dir:8c2f…` → `8c2f0a1`: what tells two apart. */
export function short(revision: string): string {
  const digits = revision.slice(revision.indexOf(":") + 1);
  return digits.slice(0, 7);
}

/**
 * What there is to tell of a review, from the review alone: so that nothing is lost between what
 * happened and its telling. Each has a name of its own, and what was told under a name is not told
 * again.
 */
import { WITHDRAWN } from "../clutch/review.ts";
import type { Millis } from "../money.ts";
import type { NamedNotice, Notice, NoticeKind } from "./notice.ts";

/** A review, as far as it is told. */
export interface Reviewed {
  readonly id: string;
  readonly kind: Exclude<NoticeKind, "alert">;
  readonly agent: string;
  readonly reason: string;
  /** JSON. */
  readonly evidence: string;
  readonly openedAt: Millis;
  /** Raised by every decision, and by a trip that ends a probe. */
  readonly version: number;
  readonly state: "open" | "closed";
  readonly parked: number;
  readonly decisions: readonly {
    readonly decision: string;
    readonly by: string;
    readonly reason: string;
    readonly at: Millis;
  }[];
}

/** What is known of the moment. */
export interface Telling {
  /** The version up to which it was told before; below 0: nothing of it was. */
  readonly told: number;
  readonly now: Millis;
  /** A call that nobody approves is denied after this. */
  readonly approvalExpiresMs: Millis;
}

export function noticesOf(review: Reviewed, telling: Telling): readonly NamedNotice[] {
  const { decisions, id, state, version } = review;
  if (telling.told < 0 && isWithdrawn(review)) return [];
  const notices: NamedNotice[] = [];
  const add = (name: string, notice: Notice): void => {
    notices.push({ subject: `review.${id}.${name}`, notice });
  };
  if (telling.told < 0) add("opened", opened(review, telling));
  // Whatever raised the version and is no decision was a trip. A note raises nothing.
  const trips = version - decisions.filter(({ decision }) => decision !== "note").length;
  if (trips > 0) add(`again-${trips}`, again(review, telling));
  const last = lastDecided(review);
  if (last?.decision === "proposed" && version > telling.told) {
    add(`proposed-${version}`, proposed(review, last));
  }
  if (state === "closed") add("closed", closed(review, telling));
  return notices;
}

/** It was never anything that a person could decide. */
function isWithdrawn(review: Reviewed): boolean {
  const last = lastDecided(review);
  return last?.by === GATEWAY && last.reason === WITHDRAWN;
}

const GATEWAY = "gateway";

function opened(review: Reviewed, { approvalExpiresMs }: Telling): Notice {
  const { kind, openedAt } = review;
  const next = { what: "denied", at: openedAt + approvalExpiresMs } as const;
  const what = { what: "opened", at: openedAt, next: kind === "approval" ? next : null } as const;
  return { ...common(review), ...what };
}

function again(review: Reviewed, { now }: Telling): Notice {
  const known = common(review);
  const [reason = known.reason] = alsoOf(review.evidence).slice(-1);
  return { ...known, what: "again", at: now, reason };
}

/** Somebody would decide it, and another person has to say the same. */
function proposed(review: Reviewed, { at, by, reason }: Decided): Notice {
  return { ...common(review), what: "proposed", at, decided: { decision: "proposed", by, reason } };
}

type Decided = Reviewed["decisions"][number];

function lastDecided({ decisions }: Reviewed): Decided | undefined {
  return decisions.findLast(({ decision }) => decision !== "note");
}

function closed(review: Reviewed, { now }: Telling): Notice {
  const last = lastDecided(review);
  const decided = last && { decision: last.decision, by: last.by, reason: last.reason };
  return { ...common(review), what: "closed", at: last?.at ?? now, decided: decided ?? null };
}

function common({
  agent,
  evidence,
  id,
  kind,
  parked,
  reason,
}: Reviewed): Omit<Notice, "what" | "at"> {
  const { numbers, task } = evidenceOf(evidence);
  const review = { id, parked };
  return { kind, agent, task, review, reason, numbers, decided: null, next: null };
}

/** Numbers that one notice has: a person reads no more. */
const NUMBERS_MAX = 12;
/** Of a text among them. */
const TEXT_CHARS_MAX = 200;
/** Keys of evidence that are said elsewhere, or that only machines read. */
const NOT_SAID: ReadonlySet<string> = new Set([
  "task",
  "binding",
  "sealed",
  "sealed_before",
  "holder",
  "commitment",
]);

/** What evidence says in plain values, its `numbers` among them. Text that is no JSON says none. */
function evidenceOf(evidence: string): Pick<Notice, "numbers" | "task"> {
  const known = objectOf(evidence);
  const numbers = numbersOf({ ...known, ...asObject(known.numbers) });
  return { numbers, task: typeof known.task === "string" ? known.task : null };
}

/** Those that are plain and say something: a signal of a whole agent names no tool. */
export function numbersOf(values: Readonly<Record<string, unknown>>): Notice["numbers"] {
  const numbers: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(values)) {
    if (NOT_SAID.has(name) || Object.keys(numbers).length >= NUMBERS_MAX) continue;
    if (typeof value === "number") numbers[name] = value;
    if (typeof value === "string" && value !== "") numbers[name] = value.slice(0, TEXT_CHARS_MAX);
  }
  return numbers;
}

/** The reasons of trips that came while the review stood. */
function alsoOf(evidence: string): readonly string[] {
  const { also } = objectOf(evidence);
  return Array.isArray(also) ? also.filter((reason) => typeof reason === "string") : [];
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    // Evidence may be plain text: then its reason says it all.
    return {};
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

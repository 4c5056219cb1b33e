/** docs/reference/events.md, from the union of events. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { eventView } from "../../src/control/views.ts";
import type { Event, EventKind } from "../../src/guards/events.ts";
import type { Fields, Log } from "../../src/telemetry/log.ts";
import { logEvent } from "../../src/telemetry/log-events.ts";
import { code, table } from "./markdown.ts";

const SOURCE = fileURLToPath(new URL("../../src/guards/events.ts", import.meta.url));
const OF_CLUTCH = fileURLToPath(new URL("../../src/guards/clutch/events.ts", import.meta.url));
const OF_NOTICES = fileURLToPath(new URL("../../src/guards/notice/event.ts", import.meta.url));

/** A new kind does not compile until it has its sentence. */
const SENTENCES: Readonly<Record<EventKind, string>> = {
  "call.admitted": "A call was let through and was still in flight when the journal was flushed.",
  "call.refused": "A call was refused, or was cut off after it had begun.",
  "call.spared":
    "A call of an observed agent was let through although its manifest would have refused it.",
  "call.settled": "A call ended and was charged.",
  "call.parked": "A call of a paused agent was stored; `call` is what it is known by from then on.",
  "call.attached":
    "The same request came again and took the place of the stored call that it names.",
  "result.unallowed":
    "A request to a model had the result of a tool call that was never allowed: `code` is what the call is refused with, null if no such call stands there.",
  "policy.asked":
    "An agent asked a policy itself (`POST /v1/data/…`); `verdict` as the same answer would decide a call, `undefined`, `failed`, or `none`: it may ask none at that path.",
  "call.capped": "An answer ended because it hit its output cap.",
  "budget.overbilled": "A provider billed more than was reserved for the call.",
  "model.flagged": "A model billed above its bound for the first time: it is reserved in full now.",
  "model.cleared": "An operator trusts a flagged model again.",
  "breaker.alarmed": "A breaker saw an agent run away; with `action: trip` its clutch lets go.",
  "clutch.disengaged": "An agent was paused, by a breaker or a person: its calls wait.",
  "review.decided": "A person decided a review, or a part of it.",
  "review.proposed": "A person would decide this: it is done once another says the same.",
  "budget.raised":
    "A person raised the limit of a budget until its window ends; `limit` null: withdrew that.",
  "agent.told": "A model answered a call that told it what a reviewer had said.",
  "call.shown": "A person looked at the arguments of a call that waits.",
  "incident.noted": "A person wrote something about an incident.",
  "incident.exported":
    "A person took an incident away as a file, with so many of its arguments opened.",
  "commitment.opened":
    "What a call begins goes on costing money: its first horizon was set aside before it was sent.",
  "commitment.renewed": "Another horizon was set aside for it.",
  "commitment.unknown":
    "It may be running, and nobody knows under which name: it is charged until a person ends it.",
  "commitment.unrenewable": "No budget covers another horizon of it; `left` is what the least has.",
  "commitment.ended": "It has ended, by whom and why, and what it cost.",
  "key.created": "A key was made.",
  "key.revoked": "A key was ended.",
  "task.opened":
    "A task was named for the first time, opened, or is the shared one of a key and day.",
  "task.ended": "A task was ended by its agent, by an operator, or because it was idle.",
  "transcript.read": "An operator read what a task said, or a page of it.",
  "transcript.erased": "An admin erased what a task said: nothing of it is kept from then on.",
  "gateway.started": "A gateway accepts calls.",
  "gateway.stopped": "A gateway stopped; `forfeited` if calls in flight were cut.",
  "gateway.fenced": "This gateway was cut off by the others and registered anew.",
  "journal.gap": "Another gateway died: its journal ends here, and what it held is charged.",
  "forfeit.released":
    "An operator released what a dead gateway had held; `error` in the log if without evidence.",
  "journal.overflowed": "The store took nothing for so long that events were dropped.",
  "notice.sent": "People were told of a review or an alarm, through a [notifier](../notifiers.md).",
  "notice.given-up": "A notice reached nobody: its far end refused it, or failed for a day.",
  "store.lost": "The store stopped answering.",
  "store.found": "The store answers again.",
  "configuration.changed": "A new configuration is in force.",
  "configuration.rejected": "A new configuration did not validate; nothing changed.",
  "remote.lost": "The Git remote does not answer; what was in force stays.",
  "remote.found": "The Git remote answers again.",
  "remote.rewritten": "A branch was rewritten or a tag moved; the new commit is taken.",
};

const ORIGIN = ["decision", "call", "agent", "task", "key", "revision"];
const NOTICE = ["notifier", "notice", "about", "agent", "review", "attempts"];
const COMMITTED = ["decision", "agent", "task", "server", "tool", "service", "perHour", "accrued"];

/** Fields of each kind, in the order of the source. */
function fieldsByKind(): Map<string, string[]> {
  const text = readFileSync(SOURCE, "utf8");
  const main = text.slice(
    text.indexOf("export type Event ="),
    text.indexOf("export type EventKind"),
  );
  const notices = readFileSync(OF_NOTICES, "utf8");
  const union =
    main +
    readFileSync(OF_CLUTCH, "utf8") +
    notices.slice(notices.indexOf("export type NoticeEvent ="));
  const found = new Map<string, string[]>();
  for (const part of union.split(/(?=\breadonly kind: ")/).slice(1)) {
    const kind = /^readonly kind: "([^"]+)"/.exec(part)?.[1] ?? "";
    const names = [...own(part).matchAll(/\breadonly (\w+):/g)].map(([, name = ""]) => name);
    const rest = names.filter((name) => name !== "kind");
    const ofNotice = /& Of\)/.test(part) ? NOTICE : [];
    const common = /& Committed/.test(part) ? COMMITTED : ofNotice;
    found.set(kind, [...(/& Origin/.test(part) ? ORIGIN : common), ...rest]);
  }
  return found;
}

/** Without the fields of objects inside fields. */
function own(part: string): string {
  return part.replaceAll(/: readonly \{[^}]*\}/g, ": list");
}

/** A field's name as the API shows it. */
function shownName(name: string): string {
  return Object.keys(eventView({ [name]: null }))[0] ?? name;
}

/** Which of the log's levels an event has, if it is logged. */
function levelOf(kind: string): string {
  let level = "";
  const at = (name: string) => (_message: string, _fields?: Fields) => {
    level = name;
  };
  const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  // The level depends on the kind alone; amounts are read for some kinds, so they are there.
  const amounts = {
    ...{ unit: "usd", reserved: 0, charged: 0, billed: 0, forfeits: [], releases: [] },
    ...{ perHour: 0, accrued: 0, left: 0 },
  };
  logEvent(log as unknown as Log, { kind, ...amounts } as unknown as Event);
  return level;
}

const INTRO = `# Events

What the journal records. \`slipclutch journal --json\` and \`GET /api/v1/journal\` show an event under
\`event\` with these fields; amounts end in \`_usd\`, or with a \`unit\` beside them in \`_tokens\` or \`_calls\`, and are decimal texts. The log has those with a level;
\`debug\` is not shown by a gateway.
`;

/** The whole page. */
export function eventsPage(): string {
  const fields = fieldsByKind();
  const rows = Object.entries(SENTENCES).map(([kind, sentence]) => {
    const names = fields.get(kind);
    if (names === undefined) throw new Error(`${kind} is not in the union of events`);
    return [code(kind), levelOf(kind), sentence, names.map(shownName).map(code).join(", ")];
  });
  return `${INTRO}\n${table(["kind", "log", "what happened", "fields"], rows)}`;
}

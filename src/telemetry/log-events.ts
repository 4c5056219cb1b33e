/** Which events an operator reads in the log, and how loud each is. The journal has all of them. */
import { inUnit } from "../guards/budget/unit.ts";
import type { ClutchEvent } from "../guards/clutch/events.ts";
import type { Event, Part } from "../guards/events.ts";
import { formatUsd } from "../guards/money.ts";
import type { NoticeEvent } from "../guards/notice/event.ts";
import type { Fields, Log } from "./log.ts";

/** Tells the log what happened. One refused call is no news at 3 a.m.: those are for debugging. */
export function logEvent(log: Log, event: Event): void {
  if (isCommitted(event)) return logCommitted(log, event);
  if (isOfClutch(event)) return logClutch(log, event);
  if (isNotice(event)) return logNotice(log, event);
  switch (event.kind) {
    case "call.admitted":
    case "call.settled":
      return;
    case "call.parked":
    case "call.attached":
    case "key.created":
    case "key.revoked":
    case "task.opened":
    case "task.ended":
      log.debug(event.kind, fieldsOf(event));
      return;
    case "call.refused":
    case "call.spared":
    case "result.unallowed":
    case "policy.asked":
    case "call.capped":
    case "budget.overbilled":
      return logRemark(log, event);
    case "gateway.started":
    case "gateway.stopped":
    case "model.cleared":
    case "transcript.read":
    case "transcript.erased":
    case "store.found":
    case "remote.found":
    case "configuration.changed":
      log.info(event.kind, fieldsOf(event));
      return;
    case "journal.gap":
      return logGap(log, event);
    case "forfeit.released":
      return logRelease(log, event);
    case "model.flagged":
    case "configuration.rejected":
    case "remote.lost":
    case "remote.rewritten":
      log.warn(event.kind, fieldsOf(event));
      return;
    case "journal.overflowed":
    case "gateway.fenced":
    case "store.lost":
      log.error(event.kind, fieldsOf(event));
      return;
  }
}

/** What stops an agent is a warning; what people do then is not. */
const OF_CLUTCH: Readonly<Record<ClutchEvent["kind"], "warn" | "info">> = {
  "breaker.alarmed": "warn",
  "clutch.disengaged": "warn",
  "review.decided": "info",
  "review.proposed": "info",
  "budget.raised": "warn",
  "agent.told": "info",
  "call.shown": "info",
  "incident.noted": "info",
  "incident.exported": "info",
};

function isOfClutch(event: Event): event is ClutchEvent {
  return event.kind in OF_CLUTCH;
}

function logClutch(log: Log, event: ClutchEvent): void {
  log[OF_CLUTCH[event.kind]](event.kind, fieldsOf(event));
}

function logGap(log: Log, event: Extract<Event, { kind: "journal.gap" }>): void {
  const { forfeits, lastNo, writer } = event;
  log.warn(event.kind, { writer, lastNo, forfeits: forfeits.map(shownPart) });
}

type Remark = Extract<
  Event,
  | { kind: "call.refused" | "call.spared" }
  | { kind: "result.unallowed" | "policy.asked" | "call.capped" | "budget.overbilled" }
>;

function logRemark(log: Log, event: Remark): void {
  switch (event.kind) {
    case "call.refused":
    case "call.spared":
      log.debug(event.kind, { ...who(event), code: event.code, ...event.facts });
      return;
    // One request can bring many: the metric is what to watch.
    case "result.unallowed": {
      const { beyond, code, facts, tool } = event;
      log.debug(event.kind, { ...who(event), ...facts, tool, code, beyond });
      return;
    }
    case "policy.asked": {
      const { path, policy, verdict } = event;
      log.debug(event.kind, { ...who(event), policy, path, verdict });
      return;
    }
    case "call.capped": {
      const { model, cap } = event;
      log.warn(event.kind, { ...who(event), model, cap });
      return;
    }
    case "budget.overbilled": {
      const { charged, model, provider, reserved, unit } = event;
      const amounts = inUnit(unit, { reserved, charged });
      log.error(event.kind, { ...who(event), provider, model, ...amounts });
    }
  }
}

function isNotice(event: Event): event is NoticeEvent {
  return event.kind.startsWith("notice.");
}

/** That nobody was told is an alarm of its own. */
function logNotice(log: Log, event: NoticeEvent): void {
  if (event.kind === "notice.sent") log.debug(event.kind, fieldsOf(event));
  else log.error(event.kind, fieldsOf(event));
}

type CommitmentEvent = Extract<Event, { kind: `commitment.${string}` }>;

function isCommitted(event: Event): event is CommitmentEvent {
  return event.kind.startsWith("commitment.");
}

function logCommitted(log: Log, event: CommitmentEvent): void {
  const { perHour, server, tool } = event;
  const fields = { ...who(event), server, tool, usd_per_hour: formatUsd(BigInt(perHour)) };
  if (event.kind === "commitment.opened") return log.debug(event.kind, fields);
  const { accrued, service } = event;
  const more = { ...fields, service, ...inUnit("usd", { accrued: BigInt(accrued) }) };
  switch (event.kind) {
    case "commitment.renewed":
      return log.debug(event.kind, more);
    case "commitment.ended":
      return log.info(event.kind, { ...more, by: event.by, reason: event.reason });
    case "commitment.unknown":
      return log.error(event.kind, more);
    case "commitment.unrenewable": {
      const left = inUnit("usd", { left: BigInt(event.left) });
      return log.error(event.kind, { ...more, budget: event.budget, ...left });
    }
  }
}

/** Without evidence a cap may be passed: that is an alarm. */
function logRelease(log: Log, event: Extract<Event, { kind: "forfeit.released" }>): void {
  const { billed, by, evidence, holder, reason, release } = event;
  const amounts = {
    ...inUnit(event.unit ?? "usd", { billed: BigInt(billed) }),
    releases: event.releases.map(shownPart),
  };
  const fields = { release, holder, evidence, ...amounts, by, reason };
  if (evidence === "none") log.error(event.kind, fields);
  else log.warn(event.kind, fields);
}

function shownPart({ amount, budget, scope, unit }: Part): Fields {
  return { budget, scope, ...inUnit(unit, { amount: BigInt(amount) }) };
}

function who(event: { decision: string; agent: string | null; task: string | null }): Fields {
  return { decision: event.decision, agent: event.agent, task: event.task };
}

function fieldsOf(event: Event): Fields {
  const { kind: _kind, ...fields } = event;
  return fields;
}

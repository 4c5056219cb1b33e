/** What a gateway has for decisions: those that are open, and the roads of their outcomes. */
import type { Clock } from "../../ports/clock.ts";
import { Inbox } from "./inbox.ts";
import { OpenDecisions } from "./open.ts";
import { Outbox } from "./outbox.ts";

export interface DecisionParts {
  readonly openDecisions: OpenDecisions;
  /** Outcomes of its decisions, from other gateways. */
  readonly inbox: Inbox;
  /** Outcomes of their decisions, to them. */
  readonly outbox: Outbox;
}

export function decisionParts(clock: Clock): DecisionParts {
  return { openDecisions: new OpenDecisions(clock), inbox: new Inbox(), outbox: new Outbox() };
}

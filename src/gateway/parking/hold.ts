/** For how long a waiting client is held, and what is kept of that for the people who decide. */
import { aboutText } from "../../guards/clutch/about.ts";
import { horizonCost } from "../../guards/commitment/terms.ts";
import type { Answer } from "../../guards/events.ts";
import type { Millis, NanoUsd } from "../../guards/money.ts";
import { reserveOf } from "../../guards/tool/cost.ts";
import type { Resolved } from "../../guards/tool/tool.ts";
import type { Call } from "../call.ts";

/** A 102 starts a client's patience anew, but its limit for the whole call stays: 10 minutes. */
const HOLD_REASSURED_MS: Millis = 540_000;
/** Load balancers cut silent connections at a minute. */
const HOLD_SILENT_MS: Millis = 50_000;
/** The official clients' own, unless a program asks for others. */
const RETRIES_OF_CLIENTS = 2;
const RETRY_COUNT = "x-stainless-retry-count";

export function holdMsOf({ client, incoming }: Call): Millis {
  const { holdMs } = incoming.rules.configuration.parking;
  const usual = reassures(incoming, client) ? HOLD_REASSURED_MS : HOLD_SILENT_MS;
  return Math.min(holdMs ?? usual, client.patienceMs);
}

export function reassures({ rules }: Call["incoming"], client: Call["client"]): boolean {
  const { keepAlive } = rules.configuration.parking;
  return keepAlive === "informational" || (keepAlive === "auto" && client.takes102);
}

/** What its row says of it in clear: nothing of its arguments. */
export function aboutCall(call: Call, answers: readonly Answer[]): string {
  const { asked } = call;
  const what =
    "tool" in asked ? { server: asked.server, tool: asked.tool } : { model: asked.model };
  return aboutText({
    asked: what,
    bytes: asked.bytes,
    worstNano: worstOf(call, answers),
    holdMs: holdMsOf(call),
    retries: retriesOf(call),
  });
}

/** Only clients that count their attempts are known to come again; one that did has fewer left. */
function retriesOf({ asked, incoming }: Call): number {
  if (incoming.headers[RETRY_COUNT] === undefined) return 0;
  return Math.max(0, RETRIES_OF_CLIENTS - asked.attempt);
}

/** A model's price is known before its call is parked, a tool's by its grant. */
function worstOf(call: Call, answers: readonly Answer[]): NanoUsd | null {
  if (call.kind === "model") {
    const worst = answers.find(({ guard }) => guard === "price")?.numbers.worst_case_nano_usd;
    return typeof worst === "number" ? worst : null;
  }
  return toolWorst(call.resolved, call.ask.arguments);
}

/** Null: nobody knows what it costs. */
export function toolWorst(
  resolved: Resolved,
  given: Readonly<Record<string, unknown>>,
): NanoUsd | null {
  if (typeof resolved === "string") return null;
  const reserve = reserveOf(resolved.cost, given);
  return reserve === null ? null : reserve + horizonCost(resolved.commitment);
}

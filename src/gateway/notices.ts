/**
 * What the store tells of others: that they want money back, gave some back, changed the rules, or
 * were told how a tool ended.
 */
import type { Beat } from "../ports/store.ts";
import { wake } from "./account.ts";
import type { Gateway } from "./gateway.ts";
import type { Tenure } from "./tenure.ts";

/** A recall holds this long; one that is still open is seen again with the next heartbeat. */
const WANTED_MS = 2_000;

/** After every answered heartbeat. */
export function noteBeat(gateway: Gateway, beat: Beat): void {
  const { cashier, clock, holding, inbox, rates } = gateway;
  cashier.holders = Math.max(1, beat.live.length);
  const { tenure } = holding;
  void rates.noteWants(tenure, beat.permitWants);
  if (beat.outcomesWait) void inbox.look(gateway);
  const ids = new Set<number>();
  for (const { account, holder } of beat.wants) if (holder !== tenure.id) ids.add(account);
  if (ids.size === 0) return;
  for (const account of tenure.allAccounts()) {
    if (ids.has(account.id)) account.wantedUntil = clock.monotonic() + WANTED_MS;
  }
  void cashier.recall(tenure);
}

/** Outcomes of decisions were reported for another gateway, or answered by one. */
export function noteOutcomes(gateway: Gateway): void {
  const { inbox, openDecisions, outbox } = gateway;
  if (!openDecisions.isIdle) void inbox.look(gateway);
  void outbox.look(gateway);
}

/** Others gave something back: whoever waits for it asks the store again. */
export function noteRoom(tenure: Tenure): void {
  for (const account of tenure.allAccounts()) {
    account.viewedAt = Number.NEGATIVE_INFINITY;
    if (account.waiters.size > 0) wake(account);
  }
}

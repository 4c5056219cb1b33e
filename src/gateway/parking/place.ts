/**
 * The row of a call that is parked: a new one, or that of the oldest call that this one is the same
 * as and whose client has gone.
 */
import type { Millis } from "../../guards/money.ts";
import { type Denial, deny } from "../../guards/verdict.ts";
import { type Fenced, type Parked, StoreUnreachable } from "../../ports/store.ts";
import { type Call, originOf, type Turn, type Waits, type Why } from "../call.ts";
import { COME_BACK_MS } from "../clutches.ts";
import { emit, type Gateway } from "../gateway.ts";
import { sharedBefore } from "../task-name.ts";
import { openApproval, withdrawApproval } from "./approval.ts";
import { sameAs } from "./digest.ts";
import { aboutCall } from "./hold.ts";
import { type Same, unclaimOf } from "./lot.ts";
import { requestText } from "./request.ts";
import { reviewOf } from "./spent.ts";

const LEAVE_MS: Millis = 50;

/** Before anything is asked: a request that may be one of those that wait takes its place. */
export async function takePlace(call: Call, gateway: Gateway): Promise<Waits | null> {
  const { agent } = call.incoming.manifest;
  if (call.turn !== null || !gateway.lot.knows(agent)) return null;
  if (!samesAs(call, gateway).some((same) => gateway.lot.expects(agent, same))) return null;
  await letLeave(call, 0, gateway);
  const row = await attach(call, gateway);
  if (row === null) return null;
  return { kind: "park", why: whyOf(row), row, answers: [], accounts: [] };
}

/**
 * Of a client that hangs up and comes again at once, the new connection may be heard of first. So
 * where more than so many requests that are the same are here, they get a moment to leave.
 */
export function letLeave(call: Call, more: number, { clock, lot }: Gateway): Promise<void> | null {
  if (lot.sameHere(sameAs(call)) <= more) return null;
  return new Promise((resolve) => clock.after(LEAVE_MS, resolve));
}

function whyOf({ cause, review }: Parked): Why {
  if (cause === "budget") return { cause, spent: deny("budget.exhausted") };
  return cause === "approval" ? { cause, reasons: [] } : { cause, review };
}

export async function attach(call: Call, gateway: Gateway): Promise<Parked | null> {
  const { tenure } = call.incoming;
  // That the client of this very call has left may be among what the store has not heard yet.
  if (!(await gateway.lot.pay())) throw new StoreUnreachable("it has not heard who has left");
  let row: Parked | Fenced | null = null;
  for (const same of samesAs(call, gateway)) row ??= await attachNow(call, same, gateway);
  if (row === null) return null;
  if ("kind" in row) throw new StoreUnreachable("this gateway was fenced");
  const origin = { ...originOf(call.incoming), call: row.call };
  emit(gateway, tenure, { kind: "call.attached", asked: call.asked, state: row.state, ...origin });
  return row;
}

async function attachNow(call: Call, same: Same, { lot, store: { parking } }: Gateway) {
  const { decision, tenure } = call.incoming;
  const asked = { ...same, by: decision };
  try {
    return await parking.attach(tenure.id, asked);
  } catch (error) {
    lot.doubt();
    // It may have a row now that nobody waits for: whoever comes again is to find it free.
    void lot.owe(`attach ${decision} ${same.task}`, async () => {
      const row = await parking.attach(tenure.id, asked);
      if (row !== null && !("kind" in row)) await parking.detach(tenure.id, [row.call]);
    });
    throw error;
  }
}

/** A key shares a task for a day; a call that was parked before midnight is the same after it. */
function samesAs(call: Call, { holding }: Gateway): readonly Same[] {
  const { key, taskName } = call.incoming;
  const same = sameAs(call);
  const before = sharedBefore(taskName, key.id, holding.storeNow());
  return before === null ? [same] : [same, { ...same, task: before }];
}

/** The review that lets it go, opened where none stands. */
function reviewFor(call: Call, why: Why, gateway: Gateway): Promise<string> | string {
  switch (why.cause) {
    case "clutch":
      return why.review;
    case "approval":
      return openApproval(call, why.reasons, gateway);
    case "budget":
      return reviewOf(call, why.spent, gateway);
  }
}

/** Rejects where it is not known whether the store has it. */
export async function store(call: Call, waits: Waits, gateway: Gateway): Promise<Parked | Denial> {
  const { decision, manifest, rules, tenure } = call.incoming;
  const { agent } = manifest;
  const { limits } = rules.configuration.parking;
  const { why } = waits;
  const review = await reviewFor(call, why, gateway);
  const asked = {
    ...{ call: decision, agent, cause: why.cause, review, ...sameAs(call) },
    at: gateway.holding.storeNow(),
    about: aboutCall(call, waits.answers),
    request: gateway.seal.close(decision, requestText(call, gateway)),
  };
  const answer = await gateway.store.parking.park(tenure.id, asked, limits);
  switch (answer.kind) {
    case "fenced":
      throw new StoreUnreachable("this gateway was fenced");
    case "full": {
      const facts = { agent, max: answer.max, limit: LIMIT_NAMES[answer.limit] };
      if (why.cause !== "approval") return deny("parking.full", { ...facts, review }, COME_BACK_MS);
      // It was opened for this call alone.
      await withdrawApproval(review, gateway);
      return deny("parking.full", facts, COME_BACK_MS);
    }
    case "ok": {
      const { parked } = answer;
      gateway.lot.add(parked);
      const event = { kind: "call.parked", asked: call.asked, review: parked.review } as const;
      emit(gateway, tenure, { ...event, ...originOf(call.incoming) });
      return parked;
    }
  }
}

/** It was let go, and a budget that parks does not cover it: its row waits once more. */
export async function parkAgain(
  call: Call,
  turn: Turn,
  waits: Waits,
  gateway: Gateway,
): Promise<Waits | Denial> {
  const { why } = waits;
  const { tenure } = call.incoming;
  const { lot, store } = gateway;
  try {
    const review = await reviewFor(call, why, gateway);
    const again = { cause: why.cause, review };
    await lot.owe(unclaimOf(turn.call), async () => {
      await store.parking.unclaim(tenure.id, turn.call, turn.attempt, again);
      tenure.turns.delete(turn.call);
    });
    const [row = null] = await store.parking.list({ call: turn.call, limit: 1 });
    return { ...waits, row };
  } catch (error) {
    if (!(error instanceof StoreUnreachable)) throw error;
    // It comes again, and then its row says how it stands.
    return deny("store.unreachable", { parked: turn.call }, COME_BACK_MS);
  }
}

const LIMIT_NAMES = {
  callsPerAgent: "max_calls_per_agent",
  callsPerTask: "max_calls_per_task",
  bytesPerAgent: "max_bytes_per_agent",
} as const;

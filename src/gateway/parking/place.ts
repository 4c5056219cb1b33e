/**
 * The row of a call that is parked: a new one, or that of the oldest call that this one is the same
 * as and whose client has gone.
 */
import { type Denial, deny } from "../../guards/verdict.ts";
import { type Parked, StoreUnreachable } from "../../ports/store.ts";
import { type Call, originOf, type Turn, type Waits, type Why } from "../call.ts";
import { COME_BACK_MS } from "../clutches.ts";
import { emit, type Gateway } from "../gateway.ts";
import { sameAs } from "./digest.ts";
import { requestText } from "./request.ts";
import { reviewOf } from "./spent.ts";

/** Before anything is asked: a request that may be one of those that wait takes its place. */
export async function takePlace(call: Call, gateway: Gateway): Promise<Waits | null> {
  const { agent } = call.incoming.manifest;
  if (call.turn !== null || !gateway.lot.knows(agent)) return null;
  if (!gateway.lot.expects(agent, sameAs(call))) return null;
  const row = await attach(call, gateway);
  if (row === null) return null;
  return { kind: "park", why: whyOf(row), row, answers: [], accounts: [] };
}

function whyOf({ cause, review }: Parked): Why {
  if (cause === "budget") return { cause, spent: deny("budget.exhausted") };
  return { cause: "clutch", review };
}

export async function attach(call: Call, gateway: Gateway): Promise<Parked | null> {
  const { decision, tenure } = call.incoming;
  const asked = { ...sameAs(call), by: decision };
  const row = await gateway.store.parking.attach(tenure.id, asked);
  if (row === null) return null;
  if ("kind" in row) throw new StoreUnreachable("this gateway was fenced");
  const origin = { ...originOf(call.incoming), call: row.call };
  emit(gateway, tenure, { kind: "call.attached", asked: call.asked, state: row.state, ...origin });
  return row;
}

/** Rejects where it is not known whether the store has it. */
export async function store(call: Call, waits: Waits, gateway: Gateway): Promise<Parked | Denial> {
  const { decision, manifest, rules, tenure } = call.incoming;
  const { agent } = manifest;
  const { limits } = rules.configuration.parking;
  const { why } = waits;
  const review = why.cause === "clutch" ? why.review : await reviewOf(call, why.spent, gateway);
  const asked = {
    ...{ call: decision, agent, cause: why.cause, review, ...sameAs(call) },
    at: gateway.holding.storeNow(),
    request: gateway.seal.close(decision, requestText(call)),
  };
  const answer = await gateway.store.parking.park(tenure.id, asked, limits);
  switch (answer.kind) {
    case "fenced":
      throw new StoreUnreachable("this gateway was fenced");
    case "full": {
      const facts = { agent, review, max: answer.max };
      return deny("parking.full", { ...facts, limit: LIMIT_NAMES[answer.limit] }, COME_BACK_MS);
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
): Promise<Waits> {
  const { why } = waits;
  const { tenure } = call.incoming;
  const { parking } = gateway.store;
  const review = why.cause === "clutch" ? why.review : await reviewOf(call, why.spent, gateway);
  const again = { cause: why.cause, review };
  await gateway.lot.owe(`unclaim ${turn.call} ${turn.attempt}`, () =>
    parking.unclaim(tenure.id, turn.call, turn.attempt, again),
  );
  const [row = null] = await parking.list({ call: turn.call, limit: 1 });
  return { ...waits, row };
}

const LIMIT_NAMES = {
  callsPerAgent: "max_calls_per_agent",
  callsPerTask: "max_calls_per_task",
  bytesPerAgent: "max_bytes_per_agent",
} as const;

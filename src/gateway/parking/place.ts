/**
 * The row of a call that is parked: a new one, or that of the oldest call that this one is the same
 * as and whose client has gone.
 */
import { type Denial, deny } from "../../guards/verdict.ts";
import { type Parked, StoreUnreachable } from "../../ports/store.ts";
import { type Call, originOf, type Waits } from "../call.ts";
import { COME_BACK_MS } from "../clutches.ts";
import { emit, type Gateway } from "../gateway.ts";
import { digestOf } from "./digest.ts";
import { requestText } from "./request.ts";

/** Before anything is asked: a request that may be one of those that wait takes its place. */
export async function takePlace(call: Call, gateway: Gateway): Promise<Waits | null> {
  const { agent } = call.incoming.manifest;
  if (call.turn !== null || !gateway.lot.knows(agent)) return null;
  if (!gateway.lot.expects(agent, sameAs(call))) return null;
  const row = await attach(call, gateway);
  if (row === null) return null;
  return { kind: "park", review: row.review, row, answers: [], accounts: [] };
}

export async function attach(call: Call, gateway: Gateway): Promise<Parked | null> {
  const { tenure } = call.incoming;
  // That the client of this very call has left may be among what the store has not heard yet.
  if (!(await gateway.lot.pay())) throw new StoreUnreachable("it has not heard who has left");
  const row = await attachNow(call, gateway);
  if (row === null) return null;
  if ("kind" in row) throw new StoreUnreachable("this gateway was fenced");
  const origin = { ...originOf(call.incoming), call: row.call };
  emit(gateway, tenure, { kind: "call.attached", asked: call.asked, state: row.state, ...origin });
  return row;
}

async function attachNow(call: Call, { lot, store: { parking } }: Gateway) {
  const { decision, tenure } = call.incoming;
  const asked = { ...sameAs(call), by: decision };
  try {
    return await parking.attach(tenure.id, asked);
  } catch (error) {
    // It may have a row now that nobody waits for: whoever comes again is to find it free.
    void lot.owe(`attach ${decision}`, async () => {
      const row = await parking.attach(tenure.id, asked);
      if (row !== null && !("kind" in row)) await parking.detach(tenure.id, [row.call]);
    });
    throw error;
  }
}

function sameAs(call: Call): Pick<Parked, "key" | "task" | "digest"> {
  const { key, taskName } = call.incoming;
  return { key: key.id, task: taskName.id, digest: digestOf(call) };
}

/** Rejects where it is not known whether the store has it. */
export async function store(call: Call, waits: Waits, gateway: Gateway): Promise<Parked | Denial> {
  const { decision, manifest, rules, tenure } = call.incoming;
  const { agent } = manifest;
  const { limits } = rules.configuration.parking;
  const asked = {
    ...{ call: decision, agent, cause: "clutch" as const, review: waits.review, ...sameAs(call) },
    at: gateway.holding.storeNow(),
    request: gateway.seal.close(decision, requestText(call)),
  };
  const answer = await gateway.store.parking.park(tenure.id, asked, limits);
  switch (answer.kind) {
    case "fenced":
      throw new StoreUnreachable("this gateway was fenced");
    case "full": {
      const facts = { agent, review: waits.review, max: answer.max };
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

const LIMIT_NAMES = {
  callsPerAgent: "max_calls_per_agent",
  callsPerTask: "max_calls_per_task",
  bytesPerAgent: "max_bytes_per_agent",
} as const;

/**
 * A probe that stays calm is over by itself: the rest of the agent follows. Calm is a minute
 * without a trip in which a call of the task that goes on has ended here; without one nobody has
 * learned anything, and a person decides.
 */
import type { Millis } from "../../guards/money.ts";
import { emit, type Gateway } from "../gateway.ts";

export const CALM_MS: Millis = 60_000;
const ID_BYTES = 8;
/** Calls that are let go start this far apart: the release is not to be a surge of its own. */
export const PACE_MS: Millis = 50;

export async function calmProbes(gateway: Gateway): Promise<void> {
  const { clutches, holding } = gateway;
  const now = holding.storeNow();
  for (const [agent, clutch] of clutches.list()) {
    if (clutch.state !== "probing" || now - clutch.since < CALM_MS) continue;
    if (!clutches.hasProbed(agent, clutch)) continue;
    await calm(agent, clutch.review, gateway);
  }
}

/** Another gateway may do it first, or a person decide: then the version is another one. */
async function calm(agent: string, id: string, gateway: Gateway): Promise<void> {
  const { chance, clutches, holding, store } = gateway;
  const [review] = await store.clutch.reviews({ id, limit: 1 });
  if (review === undefined || review.state === "closed") return;
  const reason = "the probe stayed calm";
  const answer = await store.clutch.decide({
    ...{ id: `dr-${chance.hex(ID_BYTES)}`, review: id, version: review.version, decision: "calm" },
    ...{ by: "gateway", reason, at: holding.storeNow(), task: null, call: null, message: null },
    paceMs: PACE_MS,
  });
  if (answer.kind !== "ok") return;
  const event = { kind: "review.decided", agent, review: id, decision: "calm" } as const;
  emit(gateway, holding.tenure, { ...event, task: null, call: null, reason, by: "gateway" });
  await clutches.load();
}

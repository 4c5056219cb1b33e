/**
 * A tool call that writes and has a `call_id` runs once, whoever asks for it how often, at
 * whichever gateway: before anything else it is claimed in the store by its key, task and id.
 */
import { type Denial, deny } from "../../guards/verdict.ts";
import { type CallClaim, type HolderId, StoreUnreachable } from "../../ports/store.ts";
import type { Call, ToolCall } from "../call.ts";
import { COME_BACK_MS } from "../clutches.ts";
import type { Gateway } from "../gateway.ts";
import type { Kept } from "./deliver.ts";
import { unclaimNamed } from "./lot.ts";

const BUSY_MS = 1_000;
/** Longer than a store that stood still takes to do what it was asked before. */
const LATE_MS = 15_000;

export type Named =
  | { readonly kind: "go"; readonly call: Call }
  /** `again`: it is the same call, and not one more. */
  | { readonly kind: "deny"; readonly denial: Denial; readonly again: boolean }
  | { readonly kind: "kept"; readonly kept: Kept };

/** A call without a name, one that only reads, and one that is to be parked need no claim. */
export async function claimNamed(call: Call, gateway: Gateway): Promise<Named> {
  const callId = nameOf(call);
  if (call.kind === "model" || callId === null || isPaused(call, gateway)) {
    return { kind: "go", call };
  }
  const { key, taskName, tenure } = call.incoming;
  const claim = {
    ...{ key: key.id, task: taskName.id, callId },
    ...{ digest: askedDigest(call), at: gateway.lot.moment(gateway.holding.storeNow()) },
  };
  const claimed = await claimNow(tenure.id, claim, gateway);
  switch (claimed.kind) {
    case "claimed":
      return { kind: "go", call: { ...call, claim } };
    case "done": {
      const { answer } = claimed;
      if (answer !== null) return { kind: "kept", kept: { of: callId, answer } };
      const because = "a person says that it ran; its answer is not known";
      return refused(deny("call.key-reused", { call_id: callId, because }));
    }
    case "running":
      return refused(deny("tool.busy", { call_id: callId, because: "it runs now" }, BUSY_MS));
    case "unknown": {
      const because = "whether it ran is not known: a person decides";
      return refused(deny("clutch.parked", { call_id: callId, because }, COME_BACK_MS));
    }
    case "other-digest":
      return refused(deny("call.key-reused", { call_id: callId }), false);
    case "fenced":
      throw new StoreUnreachable("this gateway was fenced");
  }
}

async function claimNow(holder: HolderId, claim: CallClaim, { clock, lot, store }: Gateway) {
  try {
    return await store.parking.claimCall(holder, claim);
  } catch (error) {
    // It may be claimed, and nobody would run it: whoever asks again would be told that it runs.
    const what = unclaimNamed(claim);
    const withdraw = () => lot.owe(what, () => store.parking.unclaimCall(holder, claim));
    void withdraw();
    clock.after(LATE_MS, () => void withdraw());
    throw error;
  }
}

/** What a person has edited is still the call that its agent named. */
function askedDigest({ ask, turn }: ToolCall): string {
  const edited = turn?.edited ?? null;
  return edited === null || edited === "unreadable" ? ask.digest : edited.askedDigest;
}

function nameOf(call: Call): string | null {
  if (call.kind === "model" || typeof call.resolved === "string") return null;
  return call.resolved.effect === "write" ? call.ask.callId : null;
}

/** What is parked is claimed when its turn has come. */
function isPaused({ incoming, turn }: ToolCall, { clutches }: Gateway): boolean {
  const { manifest, taskName } = incoming;
  return turn === null && clutches.refusal(manifest.agent, taskName.id) !== null;
}

function refused(denial: Denial, again = true): Named {
  return { kind: "deny", denial, again };
}

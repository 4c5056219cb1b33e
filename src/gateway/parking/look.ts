/** What has become of a call that waits, as its row in the store says. */
import type { Millis } from "../../guards/money.ts";
import { type Denial, type DenialFacts, deny } from "../../guards/verdict.ts";
import { type Claimed, type Parked, type ParkState, StoreUnreachable } from "../../ports/store.ts";
import type { Call, Turn } from "../call.ts";
import { COME_BACK_MS } from "../clutches.ts";
import type { Gateway } from "../gateway.ts";
import type { Kept } from "./deliver.ts";
import { leave } from "./ends.ts";
import { askTurn, turnFor } from "./turn.ts";

/** What the store does not say by itself is asked again. */
const LOOK_MS: Millis = 1_000;

const CODES = {
  clutch: "clutch.parked",
  approval: "approval.pending",
  budget: "budget.parked",
} as const;

export type Waited =
  | { readonly kind: "claimed"; readonly turn: Turn }
  | { readonly kind: "kept"; readonly kept: Kept }
  /** It is done, and its client was told. */
  | { readonly kind: "told" }
  | { readonly kind: "deny"; readonly denial: Denial }
  | { readonly kind: "gone" };

export type Looked = Waited | { readonly kind: "waits"; readonly forMs: Millis };

/** What its waiting goes by: the row as it was parked, less what it is shown with. */
export type Waiting = Pick<Parked, "call" | "cause" | "maybeSent" | "review" | "state">;

/** Asks for the call's turn, if there is any reason to think that it has come. */
export async function look(call: Call, row: Waiting, gateway: Gateway): Promise<Looked> {
  const { clutches, lot } = gateway;
  const { manifest, taskName, tenure } = call.incoming;
  const passes = clutches.refusal(manifest.agent, taskName.id) === null;
  const decided = isOver(row.state, passes) || isOver(lot.decided(row.call), passes);
  // What waits for a budget, or for a person's word on it, is not let go by a clutch.
  const mayBe = passes && ((row.cause === "clutch" && !row.maybeSent) || row.state === "let_go");
  if (!mayBe && !decided) return { kind: "waits", forMs: Number.POSITIVE_INFINITY };
  // Rules that others have left behind hold no more, though they are still the last known here.
  const unfit = tenure.fenced || gateway.closedBecause !== null;
  if (call.client.isGone() || unfit) return depart(call, row, gateway);
  try {
    const claimed = await askTurn(row.call, tenure, gateway);
    if (claimed.kind === "fenced") return depart(call, row, gateway);
    if (claimed.kind === "taken") return { kind: "waits", forMs: LOOK_MS };
    return await turnOf(call, claimed, gateway);
  } catch (error) {
    if (!(error instanceof StoreUnreachable)) throw error;
    gateway.log.warn("a parked call waits for the store", { error });
    return { kind: "waits", forMs: LOOK_MS };
  }
}

export async function depart(call: Call, row: Waiting, gateway: Gateway): Promise<Waited> {
  await leave(row.call, call, gateway);
  if (call.client.isGone()) return { kind: "gone" };
  return { kind: "deny", denial: comeAgain(call, row) };
}

/**
 * Nothing that its clutch does makes it wait on. What was let go waits until this gateway, too, has
 * read that its clutch is engaged: before that it would not be written.
 */
function isOver(state: ParkState | null, passes: boolean): boolean {
  switch (state) {
    case "done":
    case "denied":
    case "unknown":
      return true;
    case "let_go":
      return passes;
    case "parked":
    case "claimed":
    case null:
      return false;
  }
}

async function turnOf(call: Call, claimed: Claimed, gateway: Gateway): Promise<Looked> {
  switch (claimed.kind) {
    case "claimed": {
      return { kind: "claimed", turn: turnFor(claimed, gateway) };
    }
    case "done": {
      const { answer, parked } = claimed;
      if (answer !== null) return { kind: "kept", kept: { of: parked.call, answer } };
      // Only a person's word that it ran comes with a message: it is not to run once more.
      return parked.message === null
        ? { kind: "told" }
        : { kind: "deny", denial: saidToHaveRun(parked) };
    }
    case "denied":
      return { kind: "deny", denial: deniedBy(claimed.parked) };
    case "unknown": {
      const { parked } = claimed;
      await leave(parked.call, call, gateway);
      const facts = { because: "whether it ran is not known" };
      return { kind: "deny", denial: comeAgain(call, parked, facts) };
    }
    case "waits":
      return { kind: "waits", forMs: untilTurn(claimed.parked, gateway) };
    case "none":
      // Forgotten since: whoever comes again with it asks for a new call.
      return { kind: "deny", denial: comeAgain(call, null) };
  }
}

/** Calls are let go at a pace; what another gateway runs, or has not let go yet, is asked again. */
function untilTurn({ letGoAt, state }: Parked, { holding }: Gateway): Millis {
  const left = state === "let_go" && letGoAt !== null ? letGoAt - holding.storeNow() : LOOK_MS;
  return left > 0 ? left : LOOK_MS;
}

/** A reviewer's message is for the agent: whoever denied it wrote it for that. */
export function deniedBy({ call, message, review }: Parked): Denial {
  const denial = deny("review.denied", { review, parked: call });
  return message === null ? denial : { ...denial, says: message };
}

/** What a person wrote of it is for people. */
export function saidToHaveRun({ call, review }: Parked): Denial {
  const because = "a person says that it ran; its answer is not known";
  return deny("review.denied", { because, review, parked: call });
}

/** What is not in the store for sure has no place to ask at, and is a call of a paused agent. */
export function comeAgain({ incoming }: Call, row: Waiting | null, more: DenialFacts = {}): Denial {
  const { agent } = incoming.manifest;
  if (row === null) return deny("clutch.parked", { agent, ...more }, COME_BACK_MS);
  const { call: parked, cause, review } = row;
  const facts = { agent, review, parked, wait_at: `/guard/v1/parked/${parked}`, ...more };
  return deny(CODES[cause], facts, COME_BACK_MS);
}

/**
 * A call that waits: its request goes to the store first, then its client is kept waiting in the
 * way it can stand, until its row is let go, denied or answered, or its client has to come again.
 */
import type { Millis } from "../../guards/money.ts";
import { type Denial, type DenialFacts, deny, isDenial } from "../../guards/verdict.ts";
import { type Claimed, type Parked, type ParkState, StoreUnreachable } from "../../ports/store.ts";
import type { Call, Turn, Waits } from "../call.ts";
import { COME_BACK_MS } from "../clutches.ts";
import type { Gateway } from "../gateway.ts";
import type { Kept } from "./deliver.ts";
import { sameAs } from "./digest.ts";
import { leave } from "./ends.ts";
import { holdMsOf, reassures } from "./hold.ts";
import type { Sleeper } from "./lot.ts";
import { attach, letLeave, store } from "./place.ts";
import { askTurn, turnFor } from "./turn.ts";

/** What the store does not say by itself is asked again. */
const LOOK_MS: Millis = 1_000;
/** A client that takes them is sent a 102 this often: proxies and clients count the silence. */
const REASSURE_MS: Millis = 15_000;
/** Of the connections that a gateway takes, so many may be those of one agent that is paused. */
const HELD_SHARE = 0.25;

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

/** Never rejects for the store's sake: who cannot be served now is told to come again. */
export async function wait(call: Call, waits: Waits, gateway: Gateway): Promise<Waited> {
  const { client, incoming } = call;
  const { agent } = incoming.manifest;
  const { configuration } = incoming.rules;
  const max = Math.ceil(configuration.limits.callsInFlightMax * HELD_SHARE);
  const leavePlace = gateway.lot.take(agent, max);
  const holdMs = leavePlace === null ? 0 : holdMsOf(call);
  const until = gateway.clock.monotonic() + holdMs;
  const sleeper = gateway.lot.sleeper();
  client.onGone(() => sleeper.wake());
  let leaveRow = () => {};
  try {
    const row = await parkedRow(call, waits, { gateway, sleeper, until });
    if (row === "gone") return { kind: "gone" };
    if (isDenial(row)) return { kind: "deny", denial: row };
    leaveRow = gateway.lot.await(row.call);
    return await takeTurn(call, row, { gateway, sleeper, until });
  } finally {
    leaveRow();
    leavePlace?.();
  }
}

interface Waiting {
  readonly gateway: Gateway;
  readonly sleeper: Sleeper;
  /** Monotonic: its client is told to come again then. */
  readonly until: Millis;
}

/** The row of this call: one that it is the same as and that nobody waits for, else a new one. */
async function parkedRow(
  call: Call,
  waits: Waits,
  waiting: Waiting,
): Promise<Parked | Denial | "gone"> {
  if (waits.row !== null) return waits.row;
  const { gateway, sleeper, until } = waiting;
  for (;;) {
    try {
      await letLeave(call, 1, gateway);
      return await gateway.lot.inTurn(sameAs(call), () => placed(call, waits, gateway));
    } catch (error) {
      if (!(error instanceof StoreUnreachable)) throw error;
      gateway.log.warn("a call waits for the store to park it", { error });
    }
    // Whether it was parked is not known: if it was, whoever comes again takes its place.
    const over = gateway.clock.monotonic() >= until || gateway.lot.isReleased;
    if (call.client.isGone() || over) {
      void leave(call.incoming.decision, call, gateway);
      return call.client.isGone() ? "gone" : comeAgain(call, null);
    }
    await sleeper.sleep(Math.min(LOOK_MS, Math.max(until - gateway.clock.monotonic(), 1)));
  }
}

/** Whoever comes next with the same request finds it attached, or free. */
async function placed(call: Call, waits: Waits, gateway: Gateway): Promise<Parked | Denial> {
  const row = (await attach(call, gateway)) ?? (await store(call, waits, gateway));
  if (!isDenial(row) && call.client.isGone()) await leave(row.call, call, gateway);
  return row;
}

async function takeTurn(call: Call, row: Parked, waiting: Waiting): Promise<Waited> {
  const { gateway, sleeper, until } = waiting;
  const { clock, lot } = gateway;
  const informs = reassures(call.incoming, call.client);
  let reassuredAt = clock.monotonic();
  for (;;) {
    const looked = await look(call, row, gateway);
    if (looked.kind !== "waits") return looked;
    const now = clock.monotonic();
    if (call.client.isGone() || now >= until || lot.isReleased) return depart(call, row, gateway);
    if (informs && now - reassuredAt >= REASSURE_MS) {
      call.client.reassure();
      reassuredAt = now;
    }
    const next = informs ? reassuredAt + REASSURE_MS - now : Number.POSITIVE_INFINITY;
    await sleeper.sleep(Math.max(Math.min(looked.forMs, until - now, next), 1));
  }
}

async function depart(call: Call, row: Parked, gateway: Gateway): Promise<Waited> {
  await leave(row.call, call, gateway);
  if (call.client.isGone()) return { kind: "gone" };
  return { kind: "deny", denial: comeAgain(call, row) };
}

type Looked = Waited | { readonly kind: "waits"; readonly forMs: Millis };

/** Asks for the call's turn, if there is any reason to think that it has come. */
async function look(call: Call, row: Parked, gateway: Gateway): Promise<Looked> {
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
function comeAgain({ incoming }: Call, row: Parked | null, more: DenialFacts = {}): Denial {
  const { agent } = incoming.manifest;
  if (row === null) return deny("clutch.parked", { agent, ...more }, COME_BACK_MS);
  const { call: parked, cause, review } = row;
  const facts = { agent, review, parked, wait_at: `/guard/v1/parked/${parked}`, ...more };
  return deny(CODES[cause], facts, COME_BACK_MS);
}

/**
 * A call that waits: its request goes to the store first, then its client is kept waiting in the
 * way it can stand, until its row is let go, denied or answered, or its client has to come again.
 */
import type { Millis } from "../../guards/money.ts";
import { type Denial, isDenial } from "../../guards/verdict.ts";
import { type Parked, StoreUnreachable } from "../../ports/store.ts";
import type { Call, Waits } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { sameAs } from "./digest.ts";
import { leave } from "./ends.ts";
import { type After, HeldCall } from "./held-call.ts";
import { holdMsOf } from "./hold.ts";
import { comeAgain, type Waited } from "./look.ts";
import type { Sleeper } from "./lot.ts";
import { attach, letLeave, store } from "./place.ts";

/** A store that does not answer is asked again. */
const AGAIN_MS: Millis = 1_000;
/** Of the connections that a gateway takes, so many may be those of one agent that is paused. */
const HELD_SHARE = 0.25;

/**
 * What its waiting came to; or it is held, and goes on with `after` when nothing is left of whoever
 * asked this. Never rejects for the store's sake: who cannot be served now is told to come again.
 */
export async function wait(
  call: Call,
  waits: Waits,
  gateway: Gateway,
  after: After,
): Promise<Waited | "held"> {
  const { manifest, rules } = call.incoming;
  const { limits } = rules.configuration;
  const max = Math.ceil(limits.callsInFlightMax * HELD_SHARE);
  const hasPlace = gateway.lot.take(manifest.agent, max);
  const until = gateway.clock.monotonic() + (hasPlace ? holdMsOf(call) : 0);
  let came: Waited | "held" | null = null;
  try {
    const row = await parkedRow(call, waits, { gateway, until });
    if (row === "gone") return { kind: "gone" };
    if (isDenial(row)) return { kind: "deny", denial: row };
    const { accounts, answers } = waits;
    came = await new HeldCall({ call, row, accounts, answers, until, after }, gateway).begin();
    return came;
  } finally {
    if (hasPlace && came !== "held") gateway.lot.leave(manifest.agent);
  }
}

interface Waiting {
  readonly gateway: Gateway;
  /** Monotonic: its client is told to come again then. */
  readonly until: Millis;
}

/** The row of this call: one that it is the same as and that nobody waits for, else a new one. */
async function parkedRow(
  call: Call,
  waits: Waits,
  { gateway, until }: Waiting,
): Promise<Parked | Denial | "gone"> {
  if (waits.row !== null) return waits.row;
  let sleeper: Sleeper | null = null;
  for (;;) {
    try {
      await letLeave(call, 1, gateway);
      return await gateway.lot.inTurn(sameAs(call), () => placed(call, waits, gateway));
    } catch (error) {
      if (!(error instanceof StoreUnreachable)) throw error;
      gateway.lot.doubt();
      gateway.log.warn("a call waits for the store to park it", { error });
    }
    // Whether it was parked is not known: if it was, whoever comes again takes its place.
    const over = gateway.clock.monotonic() >= until || gateway.lot.isReleased;
    if (call.client.isGone() || over) {
      void leave(call.incoming.decision, call, gateway);
      return call.client.isGone() ? "gone" : comeAgain(call, null);
    }
    sleeper ??= sleeperOf(call, gateway);
    await sleeper.sleep(Math.min(AGAIN_MS, Math.max(until - gateway.clock.monotonic(), 1)));
  }
}

function sleeperOf({ client }: Call, { lot }: Gateway): Sleeper {
  const sleeper = lot.sleeper();
  client.onGone(() => sleeper.wake());
  return sleeper;
}

/** Whoever comes next with the same request finds it attached, or free. */
async function placed(call: Call, waits: Waits, gateway: Gateway): Promise<Parked | Denial> {
  const row = (await attach(call, gateway)) ?? (await store(call, waits, gateway));
  if (!isDenial(row) && call.client.isGone()) await leave(row.call, call, gateway);
  return row;
}

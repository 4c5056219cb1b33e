/** What a call comes to, before anything of it is sent. */
import type { Decision as Judged } from "../guards/decide.ts";
import { type Denial, deny, isDenial } from "../guards/verdict.ts";
import { noteResults } from "./answered/results.ts";
import type { Call, Caller, Decided, Gathered, ModelCall, Waits } from "./call.ts";
import type { Gateway } from "./gateway.ts";
import { gather } from "./gather.ts";
import { claimNamed } from "./parking/claims.ts";
import type { Kept } from "./parking/deliver.ts";
import { takePlace } from "./parking/place.ts";
import { waitsFor } from "./parking/spent.ts";
import { unsure } from "./unsure.ts";

const RETRY_MS = 1_000;
/** Others may take what the store gave for this call; each time it is asked for more. */
const LEASES_MAX = 100;

/** What a call comes to, before anything is sent. */
export type Step = Decided | Denied | Waits | { readonly kind: "kept"; readonly kept: Kept };

export type Denied = Extract<Decided, { kind: "deny" }> & {
  /** The same call asked for again, not one more: breakers do not count it. */
  readonly again?: boolean;
};

interface Decision {
  /** As it was asked, or with what it has claimed. */
  readonly call: Call;
  readonly step: Step;
}

export async function decide(call: Call, gateway: Gateway): Promise<Decision> {
  try {
    const standing = standingRefusal(call.incoming, gateway);
    if (standing !== null) return { call, step: refusal(standing) };
    const { agent } = call.incoming.manifest;
    const place = gateway.lot.knows(agent) ? await takePlace(call, gateway) : null;
    if (place !== null) return { call, step: place };
    gateway.recent.note(call, gateway);
    // Only a call of a tool has a name.
    if (call.kind === "model") return await admittedModel(withMessages(call, gateway), gateway);
    const named = await claimNamed(call, gateway);
    if (named.kind === "kept") return { call, step: named };
    if (named.kind === "deny")
      return { call, step: { ...refusal(named.denial), again: named.again } };
    return { call: named.call, step: await admittedSurely(named.call, gateway) };
  } catch (error) {
    return { call, step: refusal(unsure(error, gateway)) };
  }
}

async function admittedModel(call: ModelCall, gateway: Gateway): Promise<Decision> {
  const withheld = gateway.withheld.refusal(call, gateway.clock.monotonic());
  if (withheld !== null) return { call, step: refusal(withheld) };
  await noteResults(call, gateway);
  return { call, step: await admittedSurely(call, gateway) };
}

/** As of now: what is told costs input, so it is known before the call is decided. */
function withMessages(call: ModelCall, { messages }: Gateway): ModelCall {
  const { manifest, taskName } = call.incoming;
  const told = messages.of(manifest.agent, taskName.id);
  return told.length === 0 ? call : { ...call, told };
}

/** Never rejects: what a call has claimed is to be given back, whatever goes wrong. */
async function admittedSurely(call: Call, gateway: Gateway): Promise<Decided | Waits> {
  try {
    return await admitted(call, gateway);
  } catch (error) {
    return refusal(unsure(error, gateway));
  }
}

async function admitted(call: Call, gateway: Gateway): Promise<Decided | Waits> {
  const gathered = await gather(call, gateway); // every read that the rules need
  if (isDenial(gathered)) return refusal(gathered);
  for (let round = 0; round < LEASES_MAX; round += 1) {
    const asked = gateway.cashier.admit(call.incoming.tenure, gathered.ask, gathered.accounts);
    const decision = asked instanceof Promise ? await asked : asked;
    const decided = decidedBy(decision, call, gathered);
    if (decided !== null) return decided;
    await gathered.lease();
  }
  return refusal(deny("rate-limit.exceeded", {}, RETRY_MS));
}

/** Null: the store is to be asked for permits of the tool's rate limit first. */
function decidedBy(
  { answers, verdict }: Judged,
  call: Call,
  { accounts }: Gathered,
): Decided | Waits | null {
  switch (verdict.kind) {
    case "allow":
      return { kind: "allow", bounds: verdict.bounds, answers, accounts };
    case "deny": {
      const why = waitsFor(verdict, call);
      if (why !== null) return { kind: "park", why, row: null, answers, accounts };
      return { kind: "deny", denial: verdict, answers, accounts };
    }
    case "park": {
      return { kind: "park", why: verdict, row: null, answers, accounts };
    }
    case "short-of-permits":
      return null;
    case "short":
      throw new Error("admission ended without an answer");
  }
}

export function refusal(denial: Denial): Denied {
  return { kind: "deny", denial, answers: [], accounts: [] };
}

/** Why nothing is decided here now: what could not be written down is not decided either. */
export function standingRefusal({ tenure }: Caller, { holding }: Gateway): Denial | null {
  return holding.refusal(tenure) ?? fullJournal(tenure);
}

function fullJournal({ journal }: Caller["tenure"]): Denial | null {
  if (journal.hasRoom) return null;
  return deny("store.unreachable", { because: "the journal waits for the store" }, RETRY_MS);
}

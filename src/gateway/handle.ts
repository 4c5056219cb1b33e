/**
 * The path of one call, top to bottom. Only an explicit `allow` is forwarded; every doubt is a
 * refusal.
 */
import { type Denial, deny, isDenial } from "../guards/verdict.ts";
import { StoreUnreachable } from "../ports/store.ts";
import { type Call, type Decided, type Gathered, originOf, type Parked } from "./call.ts";
import { parked } from "./clutches.ts";
import { forward } from "./forward.ts";
import type { Gateway } from "./gateway.ts";
import { gather } from "./gather.ts";
import { refuse } from "./refuse.ts";
import { remainingHeader } from "./remaining.ts";
import { begin, settle } from "./settle.ts";
import { refuseTool, run } from "./tools/run.ts";
import { watchAttempt } from "./tools/watch.ts";

const RETRY_MS = 1_000;
/** Others may take what the store gave for this call; each time it is asked for more. */
const LEASES_MAX = 100;

export async function handle(call: Call, gateway: Gateway): Promise<void> {
  const { incoming } = call;
  const decided = await decide(call, gateway);
  if (call.kind === "tool" && !isParked(decided)) watchAttempt(call, gateway);
  if (decided.kind === "deny") {
    const { asked } = call;
    incoming.response.setHeaders(new Map(Object.entries(remainingHeader(decided.accounts))));
    const refusal = { denial: decided.denial, origin: originOf(incoming), asked };
    if (call.kind === "tool") return refuseTool(call, refusal, decided.answers, gateway);
    return refuse(refusal, decided.answers, incoming, gateway);
  }
  if (call.kind === "tool") return run(call, decided, gateway);
  const admitted = begin(call, decided, gateway);
  // Never rejects, and settles exactly once: before the last byte of the answer is sent.
  await forward(admitted, gateway, (seen) => settle(admitted, seen, gateway));
}

/** Its client comes again and again while the agent is paused: that is no runaway. */
function isParked(decided: Decided): boolean {
  return decided.kind === "deny" && decided.denial.code === "clutch.parked";
}

async function decide(call: Call, gateway: Gateway): Promise<Decided> {
  const { tenure } = call.incoming;
  try {
    const standing = gateway.holding.refusal(tenure) ?? fullJournal(call);
    if (standing !== null) return refusal(standing);
    const first = await admitted(call, gateway);
    if (first.kind !== "park") return first;
    const mayGoOn = (await held(call, gateway)) && isAsItCame(call, gateway);
    const second = mayGoOn ? await admitted(call, gateway) : first;
    if (second.kind !== "park") return second;
    const { accounts, answers, review } = second;
    const denial = parked(call.incoming.manifest.agent, review);
    return { kind: "deny", denial, answers, accounts };
  } catch (error) {
    return refusal(unsure(error, gateway));
  }
}

async function admitted(call: Call, gateway: Gateway): Promise<Decided | Parked> {
  const gathered = await gather(call, gateway); // every read that the rules need
  if (isDenial(gathered)) return refusal(gathered);
  for (let round = 0; round < LEASES_MAX; round += 1) {
    const decided = await ask(call, gathered, gateway);
    if (decided !== null) return decided;
    await gathered.lease();
  }
  return refusal(deny("rate-limit.exceeded", {}, RETRY_MS));
}

/** The client waits with its call until the clutch is engaged, for a bounded while. */
function held({ incoming }: Call, { clutches }: Gateway): Promise<boolean> {
  const { manifest, response, rules, taskName } = incoming;
  const { holdMs } = rules.configuration.parking;
  const gone = (listen: () => void) => response.once("close", listen);
  return clutches.hold({ agent: manifest.agent, task: taskName.id, holdMs, gone });
}

/**
 * While a call was held its key may have been revoked, or its rules changed by whoever looked into
 * the pause: then it is not decided by what held before, but comes again and is read anew.
 */
function isAsItCame({ incoming }: Call, { keys, rules }: Gateway): boolean {
  const { key, tenure } = incoming;
  return incoming.rules === rules && keys.stillHolds(key) && !tenure.fenced;
}

/** Null: the store is to be asked for permits of the tool's rate limit first. */
async function ask(
  { incoming }: Call,
  { accounts, ask: guards }: Gathered,
  gateway: Gateway,
): Promise<Decided | Parked | null> {
  const { answers, verdict } = await gateway.cashier.admit(incoming.tenure, guards, accounts);
  switch (verdict.kind) {
    case "allow":
      return { kind: "allow", bounds: verdict.bounds, answers, accounts };
    case "deny":
      return { kind: "deny", denial: verdict, answers, accounts };
    case "park":
      return { kind: "park", review: verdict.review, answers, accounts };
    case "short-of-permits":
      return null;
    case "short":
      throw new Error("admission ended without an answer");
  }
}

function refusal(denial: Denial): Decided {
  return { kind: "deny", denial, answers: [], accounts: [] };
}

/** A call that could not be written down is not admitted. */
function fullJournal({ incoming }: Call): Denial | null {
  if (incoming.tenure.journal.hasRoom) return null;
  return deny("store.unreachable", { because: "the journal waits for the store" }, RETRY_MS);
}

/** To the log and the error counter, never to the caller. */
function unsure(error: unknown, gateway: Gateway): Denial {
  if (error instanceof StoreUnreachable) {
    gateway.log.warn("a call was refused: the store did not answer", { error });
    return deny("store.unreachable", {}, RETRY_MS);
  }
  gateway.metrics.error("decide");
  gateway.log.error("a call was refused: deciding failed", { error });
  return deny("gateway.unsure", {});
}

/**
 * The path of one call, top to bottom. Only an explicit `allow` is forwarded; every doubt is a
 * refusal; what waits for a person is parked, and goes on from its row in the store alone.
 */
import { isAgain } from "../guards/clutch/waits.ts";
import type { Decision as Judged } from "../guards/decide.ts";
import { type Denial, deny, isDenial } from "../guards/verdict.ts";
import { StoreUnreachable } from "../ports/store.ts";
import { nextRound } from "./answered/next-round.ts";
import { noteResults } from "./answered/results.ts";
import type { Again } from "./answered/screen.ts";
import {
  type Call,
  type Decided,
  type Gathered,
  type ModelCall,
  originOf,
  type Round,
  type Waits,
} from "./call.ts";
import { forward } from "./forward.ts";
import { type Gateway, nextDecision } from "./gateway.ts";
import { gather } from "./gather.ts";
import { noteLetThrough } from "./let-through.ts";
import { insteadOfWaiting } from "./library/unkept.ts";
import { claimNamed } from "./parking/claims.ts";
import { deliver, type Kept } from "./parking/deliver.ts";
import { sameAs } from "./parking/digest.ts";
import { answered, freeClaim, leave, refused } from "./parking/ends.ts";
import { parkAgain, takePlace } from "./parking/place.ts";
import { reread } from "./parking/reread.ts";
import { waitsFor } from "./parking/spent.ts";
import { wait } from "./parking/wait.ts";
import { record, refuse } from "./refuse.ts";
import { remainingHeader } from "./remaining.ts";
import { begin, settle } from "./settle.ts";
import { refuseTool, run } from "./tools/run.ts";
import { watchAttempt } from "./tools/watch.ts";
import { noteRefused } from "./transcripts/refused.ts";

const RETRY_MS = 1_000;
/** Others may take what the store gave for this call; each time it is asked for more. */
const LEASES_MAX = 100;

/** What a call comes to, before anything is sent. */
type Step = Decided | Denied | Waits | { readonly kind: "kept"; readonly kept: Kept };

export async function handle(asked: Call, gateway: Gateway): Promise<void> {
  const { call, step } = await decide(asked, gateway);
  if (step.kind !== "allow") gateway.recent.drop(call);
  if (step.kind !== "allow" && call.kind === "model" && call.round !== null) {
    return standBy(call, call.round, step, gateway);
  }
  switch (step.kind) {
    case "park": {
      const denial = insteadOfWaiting(step, call);
      if (denial !== null) return turnAway(call, { ...step, kind: "deny", denial }, gateway);
      return park(call, step, gateway);
    }
    case "kept":
      return handOver(call, step.kept, gateway);
    case "deny":
      return turnAway(call, step, gateway);
    case "allow":
      break;
  }
  noteLetThrough(call, step.answers, gateway);
  gateway.transcripts.asked(call, { verdict: "allowed" });
  // Whoever was parked was counted when it came, or a person has let it go: that is no surge.
  if (call.kind === "tool" && call.turn === null) watchAttempt(call, gateway);
  if (call.kind === "tool") return run(call, step, gateway);
  const admitted = begin(call, step, gateway);
  // Never rejects, and settles exactly once: before the last byte of the answer is sent.
  const again = await forward(admitted, gateway, (seen) => settle(admitted, seen, gateway));
  if (again !== null) return askAgain(again, admitted.call, gateway);
}

/** The client waits for one answer: what comes to nothing from here on leaves it the one before. */
function askAgain(again: Again, before: ModelCall, gateway: Gateway): Promise<void> | void {
  const next = nextRound(again, before, gateway);
  return isDenial(next) ? again.fallBack() : handle(next, gateway);
}

/** The gateway asked on its own: nobody waits for this one, and it is not parked. */
function standBy(call: ModelCall, round: Round, step: Step, gateway: Gateway): void {
  const { asked, incoming } = call;
  if (step.kind === "deny") {
    noteRefused(call, step.denial.code, gateway);
    record({ denial: step.denial, origin: originOf(incoming), asked }, step.answers, gateway);
  }
  round.fallBack();
}

/** From here to its end it is known that a request like this is here. */
async function park(call: Call, waits: Waits, gateway: Gateway): Promise<void> {
  // One that takes the place of another is told with that.
  if (waits.row === null) noteParked(call, waits, gateway);
  const leaveSame = gateway.lot.join(sameAs(call));
  try {
    await parkHere(call, waits, gateway);
  } finally {
    leaveSame();
  }
}

function noteParked(call: Call, { why: { cause } }: Waits, { transcripts }: Gateway): void {
  transcripts.asked(call, { verdict: "parked", why: cause });
}

/** It waits with its client until its row lets it go; then it is decided afresh. */
async function parkHere(call: Call, waits: Waits, gateway: Gateway): Promise<void> {
  // Whatever it has claimed by its name is not done by waiting.
  await freeClaim(call, gateway);
  const placed = call.turn === null ? waits : await parkAgain(call, call.turn, waits, gateway);
  if (isDenial(placed)) return turnAway(call, { ...waits, kind: "deny", denial: placed }, gateway);
  // Nobody waits for it: it goes on when it is let go once more.
  if (call.client.isAbsent) return;
  const waited = await wait({ ...call, turn: null }, placed, gateway);
  switch (waited.kind) {
    case "gone":
      return;
    case "deny":
      return turnAway(call, { ...waits, kind: "deny", denial: waited.denial }, gateway);
    case "kept":
      return handOver(call, waited.kept, gateway);
    case "told":
      return handle(oneMore(call, gateway), gateway);
    case "claimed": {
      const { turn } = waited;
      // From then on it may be asked for again: whoever does takes its place, and its answer.
      call.client.onGone(() => void leave(turn.call, call, gateway));
      const again = await reread(call, turn, gateway);
      if (!isDenial(again)) return handle(again, gateway);
      return turnAway({ ...call, turn }, refusal(again), gateway);
    }
  }
}

/** Its client had the answer: the same request once more is one more call, by a name of its own. */
function oneMore(call: Call, gateway: Gateway): Call {
  const decision = nextDecision(gateway);
  // `as`: it is the same kind of call, and so is its caller.
  return { ...call, incoming: { ...call.incoming, decision, call: decision } } as Call;
}

function handOver(call: Call, kept: Kept, gateway: Gateway): void {
  const answer = deliver(call, kept, gateway);
  // A parked call that has a name may have been run by that name meanwhile.
  if (call.turn !== null) answered(call, answer, gateway);
}

type Denied = Extract<Decided, { kind: "deny" }> & {
  /** The same call asked for again, not one more: breakers do not count it. */
  readonly again?: boolean;
};

async function turnAway(call: Call, denied: Denied, gateway: Gateway): Promise<void> {
  const { accounts, answers, denial } = denied;
  const again = denied.again ?? (call.turn !== null || isAgain(denial.code));
  if (!isAgain(denial.code)) noteRefused(call, denial.code, gateway);
  // Its row first: whoever is told to come again may do so at once.
  if (call.turn !== null || call.kind === "tool") await refused(call, denial, gateway);
  const { asked, incoming } = call;
  const refusal = { denial, origin: originOf(incoming), asked };
  const headers = remainingHeader(accounts);
  if (call.kind === "tool") {
    if (!again) watchAttempt(call, gateway);
    return refuseTool(call, refusal, answers, { again, gateway, headers });
  }
  call.incoming.response.setHeaders(new Map(Object.entries(headers)));
  return refuse(refusal, answers, call.incoming, gateway);
}

interface Decision {
  /** As it was asked, or with what it has claimed. */
  readonly call: Call;
  readonly step: Step;
}

async function decide(call: Call, gateway: Gateway): Promise<Decision> {
  const { tenure } = call.incoming;
  try {
    const standing = gateway.holding.refusal(tenure) ?? fullJournal(call);
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
  noteResults(call, gateway);
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

function refusal(denial: Denial): Denied {
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

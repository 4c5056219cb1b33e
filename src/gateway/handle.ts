/**
 * The path of one call, top to bottom. Only an explicit `allow` is forwarded; every doubt is a
 * refusal; what waits for a person is parked, and goes on from its row in the store alone.
 */
import { isAgain } from "../guards/clutch/waits.ts";
import { type Denial, isDenial } from "../guards/verdict.ts";
import { nextRound } from "./answered/next-round.ts";
import type { Again } from "./answered/screen.ts";
import { type Call, type ModelCall, originOf, type Round, type Waits } from "./call.ts";
import { type Denied, decide, refusal, type Step } from "./decide.ts";
import { forward } from "./forward.ts";
import { type Gateway, nextDecision } from "./gateway.ts";
import { noteLetThrough } from "./let-through.ts";
import { insteadOfWaiting } from "./library/unkept.ts";
import { deliver, type Kept } from "./parking/deliver.ts";
import { sameAs } from "./parking/digest.ts";
import { answered, freeClaim, leave, refused } from "./parking/ends.ts";
import type { Resting } from "./parking/held-call.ts";
import type { Waited } from "./parking/look.ts";
import { parkAgain } from "./parking/place.ts";
import { reread } from "./parking/reread.ts";
import { wait } from "./parking/wait.ts";
import { record, refuse, sendRefusal } from "./refuse.ts";
import { remainingHeader } from "./remaining.ts";
import { begin, settle } from "./settle.ts";
import { refuseTool, run } from "./tools/run.ts";
import { watchAttempt } from "./tools/watch.ts";
import { noteRefused } from "./transcripts/refused.ts";
import { unsure } from "./unsure.ts";

/** Ends when the call has ended, or when it is held: from there on it goes on by itself. */
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
  countForPolicies(call, gateway);
  gateway.transcripts.asked(call, { verdict: "allowed" });
  // Whoever was parked was counted when it came, or a person has let it go: that is no surge.
  if (call.kind === "tool" && call.turn === null) watchAttempt(call, gateway);
  if (call.kind === "tool") return run(call, step, gateway);
  const admitted = begin(call, step, gateway);
  // Never rejects, and settles exactly once: before the last byte of the answer is sent.
  const again = await forward(admitted, gateway, (seen) => settle(admitted, seen, gateway));
  if (again !== null) return askAgain(again, admitted.call, gateway);
}

/** Policies are told how many calls of its task came before. */
function countForPolicies({ incoming }: Call, { signals }: Gateway): void {
  const { manifest, taskName } = incoming;
  if (manifest.policies.length > 0) signals.taskCalls.add(manifest.agent, taskName.id);
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
  gateway.lot.join(sameAs(call));
  let waited: Waited | "held" | null = null;
  try {
    waited = await parkHere(call, waits, gateway);
    // It goes on by itself: thousands may wait, and nothing of what led here is kept for them.
    if (waited === "held") return;
    const { accounts, answers } = waits;
    await goOn({ call, accounts, answers }, waited, gateway);
  } finally {
    if (waited !== "held") gateway.lot.part(sameAs(call));
  }
}

function noteParked(call: Call, { why: { cause } }: Waits, { transcripts }: Gateway): void {
  transcripts.asked(call, { verdict: "parked", why: cause });
}

/** It waits with its client until its row lets it go. */
async function parkHere(call: Call, waits: Waits, gateway: Gateway): Promise<Waited | "held"> {
  // Whatever it has claimed by its name is not done by waiting.
  await freeClaim(call, gateway);
  const placed = call.turn === null ? waits : await parkAgain(call, call.turn, waits, gateway);
  if (isDenial(placed)) return { kind: "deny", denial: placed };
  // Nobody waits for it: it goes on when it is let go once more.
  if (call.client.isAbsent) return { kind: "gone" };
  return wait(call, placed, gateway, afterHold);
}

/** Never rejects: nobody is left to hear of it. */
async function afterHold(rested: Resting, waited: Waited, gateway: Gateway): Promise<void> {
  const { call } = rested;
  try {
    await goOn(rested, waited, gateway);
  } catch (error) {
    tellUnsure(call, unsure(error, gateway), gateway);
  } finally {
    gateway.lot.part(sameAs(call));
  }
}

/** Told as each road tells it; nothing else is tried any more. */
function tellUnsure(call: Call, denial: Denial, gateway: Gateway): void {
  const { asked, incoming } = call;
  const origin = originOf(incoming);
  record({ denial, origin, asked }, [], gateway);
  if (call.kind === "tool") call.desk.refuse(denial, origin, {});
  else sendRefusal(call.incoming.response, denial, origin);
}

/** What was let go is decided afresh. */
async function goOn(rested: Resting, waited: Waited, gateway: Gateway): Promise<void> {
  const { accounts, answers, call } = rested;
  switch (waited.kind) {
    case "gone":
      return;
    case "deny":
      return turnAway(call, { kind: "deny", denial: waited.denial, accounts, answers }, gateway);
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

/** How a parked or named call ends: what its row in the store is told, and when. */
import { DENIALS, type Denial } from "../../guards/verdict.ts";
import type { Call } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { answerText, type StoredAnswer } from "./answer.ts";
import { unclaimNamed, unclaimOf } from "./lot.ts";

const COME_BACK_STATUSES: ReadonlySet<number> = new Set([429, 502, 503]);

/** Its row is done with the flush that has its settlement. */
export function answered(call: Call, answer: StoredAnswer, gateway: Gateway): void {
  const { tenure } = call.incoming;
  finishTurn(call, answer, gateway);
  const claim = call.kind === "tool" ? call.claim : null;
  if (claim !== null) {
    // Whoever names a call asks for its answer by that name, as often as it likes.
    const sealed = gateway.seal.close(claim.callId, answerText(answer));
    tenure.answers.push({ kind: "claim", claim, answer: sealed });
  }
  if (call.turn === null && claim === null) return;
  // Not a second later: until the store has it nobody else knows how it ended. The settlement
  // comes in this same stretch.
  queueMicrotask(() => void gateway.flusher.flush(tenure));
}

/**
 * The answer is kept for a client that asks again: where nobody had it, and where having it again
 * is better than doing it again.
 */
function finishTurn(call: Call, answer: StoredAnswer, { seal }: Gateway): void {
  const { incoming, turn } = call;
  if (turn === null) return;
  const kept = isUnheard(call) || writes(call);
  const sealed = kept ? seal.close(turn.call, answerText(answer)) : null;
  const { attempt, call: parked } = turn;
  incoming.tenure.answers.push({ kind: "parked", call: parked, attempt, answer: sealed });
}

function isUnheard({ client }: Call): boolean {
  return client.isAbsent || client.isGone();
}

function writes(call: Call): boolean {
  return call.kind === "tool" && typeof call.resolved !== "string"
    ? call.resolved.effect === "write"
    : false;
}

/** It was refused before it was sent: for good, or until its client comes again. */
export function refused(call: Call, denial: Denial, gateway: Gateway): Promise<void> {
  if (comesAgain(denial)) return notSent(call, gateway);
  finishTurn(call, { kind: "refused", denial }, gateway);
  return freeClaim(call, gateway);
}

/** Whoever is told this comes again with the same call: its row waits for that. */
function comesAgain({ code, retryAfterMs }: Denial): boolean {
  return retryAfterMs !== undefined || COME_BACK_STATUSES.has(DENIALS[code].status);
}

/** It was not sent after all: another attempt may be made, by whoever asks for it. */
export async function notSent(call: Call, gateway: Gateway): Promise<void> {
  const { lot, recent, store } = gateway;
  const { tenure } = call.incoming;
  const { turn } = call;
  recent.drop(call);
  if (turn !== null) {
    await lot.owe(unclaimOf(turn.call), async () => {
      await store.parking.unclaim(tenure.id, turn.call, turn.attempt);
      await store.parking.detach(tenure.id, [turn.call]);
      // Not before the store has it: a late copy would free the attempt of whoever is next.
      tenure.turns.delete(turn.call);
    });
  }
  await freeClaim(call, gateway);
}

/** What it claimed by its name is anybody's again. */
export async function freeClaim(call: Call, { lot, store }: Gateway): Promise<void> {
  if (call.kind === "model" || call.claim === null) return;
  const { claim, incoming } = call;
  const what = unclaimNamed(claim);
  await lot.owe(what, () => store.parking.unclaimCall(incoming.tenure.id, claim));
}

/** Its client has gone, or was told to come again. */
export async function leave(parked: string, call: Call, gateway: Gateway): Promise<void> {
  const { id } = call.incoming.tenure;
  await gateway.lot.owe(`detach ${parked}`, () => gateway.store.parking.detach(id, [parked]));
}

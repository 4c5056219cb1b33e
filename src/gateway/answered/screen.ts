/**
 * Between an answer and its client: calls of tools that are refused do not get through.
 *
 *   an answer ──no call, or all allowed──► as it is
 *       ├──some refused───────────────────► without those, each with a line of text
 *       └──all refused, nothing said yet──► the model is asked again, with the refusals as results
 */
import { deny } from "../../guards/verdict.ts";
import type { AnsweredCall, RefusedCalls } from "../../wire/answered-calls.ts";
import type { StreamReader } from "../../wire/format.ts";
import { messageOf } from "../../wire/refusal.ts";
import type { Admitted, ModelCall } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { judge } from "./judge.ts";

/** What is to be asked in place of sending an answer on. */
export interface Again {
  /** The request's text. */
  readonly text: string;
  /** Sends the answer after all, without its calls. */
  fallBack(): void;
}

export interface Screened {
  readonly refused: RefusedCalls;
  /** What to ask the model next; null: the answer is sent, without what is refused. */
  readonly ask: string | null;
}

/** What is screened, and what comes after: mostly in the same stretch. */
export interface Screening {
  readonly calls: readonly AnsweredCall[];
  /** The calls as a whole answer, for asking the model again; null: that cannot be. */
  readonly answer: (() => string) | null;
  readonly then: (screened: Screened) => void;
}

export function screen({ answer, calls, then }: Screening, of: Admitted, gateway: Gateway): void {
  const { call } = of;
  const judged = judgedSurely(calls, call, gateway);
  const go = (refused: RefusedCalls) => then(screened(refused, { answer, calls, call }));
  if (!(judged instanceof Promise)) return go(judged);
  void judged.then(go);
}

/** Neither throws nor rejects: nobody above could do anything but end the process. */
function judgedSurely(
  calls: readonly AnsweredCall[],
  call: ModelCall,
  gateway: Gateway,
): ReturnType<typeof judge> {
  try {
    const judged = judge(calls, call, gateway);
    if (!(judged instanceof Promise)) return judged;
    return judged.catch((error) => unsure(error, calls, gateway));
  } catch (error) {
    return unsure(error, calls, gateway);
  }
}

/** An error inside a guardrail is never permission: none of the calls gets through. */
function unsure(error: unknown, calls: readonly AnsweredCall[], gateway: Gateway): RefusedCalls {
  gateway.metrics.error("answer");
  gateway.log.error("the calls of an answer were refused: deciding failed", { error });
  const line = messageOf(deny("gateway.unsure", {}));
  return new Map(calls.map((_, place) => [place, line]));
}

function screened(
  refused: RefusedCalls,
  { answer, call, calls }: Pick<Screening, "answer" | "calls"> & { readonly call: ModelCall },
): Screened {
  const all = refused.size > 0 && refused.size === calls.length;
  if (!all || answer === null || !mayAskAgain(call)) return { refused, ask: null };
  return { refused, ask: call.wire.askAgain(call.read, answer(), refused) };
}

/** Of a stream that holds nothing there is nothing to decide. */
export function screenStream(
  reader: StreamReader,
  { mayAsk, then }: { readonly mayAsk: boolean; readonly then: Screening["then"] },
  admitted: Admitted,
  gateway: Gateway,
): void {
  if (reader.held === "nothing") return then({ refused: new Map(), ask: null });
  const answer = mayAsk && reader.saysNothing ? () => reader.heldAnswer() : null;
  screen({ calls: reader.heldCalls(), answer, then }, admitted, gateway);
}

/** Reads the stream of a call. Once something has been said, the model is not asked again. */
export function readerFor({ call, route }: Admitted): StreamReader {
  const asksUsage = call.read.ask.stream && route.provider.rules.streamOptions;
  const stripUsage = asksUsage && !call.wire.wantsUsage(call.read);
  const offersTools = call.read.ask.offeredTools.length > 0;
  // The answer before stands in for one that comes to nothing, as long as nothing of it was sent.
  const holdOpening = call.round !== null || (offersTools && mayAskAgain(call));
  return call.wire.stream({ stripUsage, holdOpening });
}

/** The answer of a parked call is kept for whoever comes for it: it is the one there is. */
function mayAskAgain({ incoming, round, turn }: ModelCall): boolean {
  return turn === null && (round?.number ?? 0) < incoming.manifest.refusalRounds;
}

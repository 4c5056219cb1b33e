/**
 * Between an answer and its client: calls of tools that are refused do not get through.
 *
 *   an answer ──no call, or all allowed──► as it is
 *       ├──some refused───────────────────► without those, each with a line of text
 *       └──all refused, nothing said yet──► the model is asked again, with the refusals as results
 */
import type { AnsweredCall, RefusedCalls } from "../../wire/answered-calls.ts";
import type { StreamReader } from "../../wire/format.ts";
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

/** `answer`: the calls as a whole answer, asked for only where the model is to be asked again. */
export function screen(
  calls: readonly AnsweredCall[],
  { call }: Admitted,
  gateway: Gateway,
  answer: (() => string) | null,
): Screened {
  const refused = judge(calls, call.incoming, gateway);
  const all = refused.size > 0 && refused.size === calls.length;
  if (!all || answer === null || !mayAskAgain(call)) return { refused, ask: null };
  return { refused, ask: call.wire.askAgain(call.read, answer(), refused) };
}

/** Of a stream that holds nothing there is nothing to decide. */
export function screenStream(
  reader: StreamReader,
  mayAsk: boolean,
  admitted: Admitted,
  gateway: Gateway,
): Screened {
  if (reader.held === "nothing") return { refused: new Map(), ask: null };
  const answer = mayAsk && reader.saysNothing ? () => reader.heldAnswer() : null;
  return screen(reader.heldCalls(), admitted, gateway, answer);
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

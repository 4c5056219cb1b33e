/** One more question to the model, which the gateway asks on its own in its client's name. */
import { type Denial, isDenial } from "../../guards/verdict.ts";
import type { ModelCall } from "../call.ts";
import { type Gateway, nextDecision } from "../gateway.ts";
import { readCall } from "../read.ts";
import type { Again } from "./screen.ts";

/** A call of its own: decided, paid for and written down like any other. */
export function nextRound(
  { fallBack, text }: Again,
  before: ModelCall,
  gateway: Gateway,
): ModelCall | Denial {
  const number = (before.round?.number ?? 0) + 1;
  const decision = nextDecision(gateway);
  const incoming = { ...before.incoming, decision, receivedAt: gateway.clock.monotonic() };
  const call = readCall(before.wire.format, { text, bytes: Buffer.from(text) }, incoming);
  return isDenial(call) ? call : { ...call, client: before.client, round: { number, fallBack } };
}

/**
 * While a call waited its key may have been revoked, or its rules changed by whoever looked into
 * the pause: it is decided by what holds now, as if its client had sent it again.
 */
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import type { Call, Edited, Turn } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { manifestFor } from "../governing.ts";
import { readCall } from "../read.ts";
import { readToolCall } from "../tools/read.ts";

/** The call with its turn; a refusal is for good. */
export async function reread(call: Call, turn: Turn, gateway: Gateway): Promise<Call | Denial> {
  const { clock, keys, rules } = gateway;
  if (turn.edited === "unreadable") {
    return deny("gateway.unsure", { because: "what a person has changed of it cannot be read" });
  }
  const { key, manifest: before, taskName } = call.incoming;
  const newest = rules.manifest(before.agent);
  if (newest === null || !keys.stillHolds(key)) {
    return deny("key.invalid", { because: "it ended while the call waited", agent: before.agent });
  }
  holdRules(call, gateway);
  const manifest = await manifestFor(newest, taskName, gateway);
  if (isDenial(manifest)) return manifest;
  const receivedAt = clock.monotonic();
  // Its tenure stays that which claimed the turn: once it is fenced, a person is to decide.
  const now = { manifest, rules, receivedAt, call: turn.call };
  const fresh = readAgain(call, turn.edited, now);
  return isDenial(fresh) ? fresh : { ...fresh, turn };
}

type Now = Pick<Call["incoming"], "manifest" | "rules" | "receivedAt" | "call">;

function readAgain(call: Call, edited: Edited | null, now: Now): Call | Denial {
  if (call.kind === "model") {
    return readCall(call.wire.format, call.body, { ...call.incoming, ...now });
  }
  const { ask, asked, client, desk, incoming, runner, trace } = call;
  const { arguments: given, bytes } = edited ?? ask;
  const named = { ...ask, arguments: given, bytes, name: ask.tool, by: asked.by, trace };
  return readToolCall(named, { ...incoming, ...now }, { client, desk, runner });
}

/** Until the answer is over no reload closes what the new rules lead to; the old ones are held. */
function holdRules({ client, incoming }: Call, { rules }: Gateway): void {
  if (incoming.rules === rules || client.isAbsent || client.isGone()) return;
  rules.requests += 1;
  client.onGone(() => {
    rules.requests -= 1;
  });
}

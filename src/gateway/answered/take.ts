/**
 * A tool that its agent runs itself, and about which it never asks: what has state (permits, cost,
 * approval, the counts of breakers) is taken here, once, as the answer that asks for it goes out.
 * How it ends nobody hears, so it ends at once, and is charged the most that it may cost.
 */
import { type Denial, deny } from "../../guards/verdict.ts";
import type { ToolEnd } from "../../ports/tool-server.ts";
import { NO_TRACE } from "../../wire/trace-context.ts";
import type { Desk, ModelCall, ToolCall, ToolRunner } from "../call.ts";
import type { Client } from "../client.ts";
import type { Gateway } from "../gateway.ts";
import type { Identified } from "../tools/read.ts";

export function isTakenHere({ incoming, resolved }: Identified): boolean {
  if (typeof resolved === "string") return false;
  const settings = incoming.rules.configuration.toolServers.get(resolved.server);
  return settings?.kind === "agent" && !settings.asks;
}

/** Whose answer it is; `turn`: it was parked, so its answer is kept for whoever comes for it. */
type Asker = Pick<ModelCall, "client" | "turn">;

/** Null: it may go out. Never rejects; what refuses it is written down and counted. */
export async function take(
  call: Identified,
  asker: Asker,
  gateway: Gateway,
): Promise<Denial | null> {
  const verdict: { denial: Denial | null } = { denial: UNDECIDED };
  const desk: Desk = {
    progress: null,
    refuse: (denial) => {
      verdict.denial = denial;
    },
    // Told as it begins: an answer of any other run is of a call that was let through before.
    answer: () => {
      if (verdict.denial === UNDECIDED) verdict.denial = HAS_RUN;
    },
  };
  const runner = atItsAgent(() => {
    verdict.denial = null;
  });
  // Its span begins under that of the answer: from here on it is a call of its own.
  gateway.traces?.contextOf(call.incoming);
  await gateway.handle(asked(call, { client: impatient(asker), desk, runner }, gateway));
  return verdict.denial;
}

const UNDECIDED = deny("gateway.unsure", { because: "nobody has decided" });
const HAS_RUN = deny("call.key-reused", { because: "it was let through before" });

function asked(
  call: Identified,
  at: Pick<ToolCall, "client" | "desk" | "runner">,
  { clock }: Gateway,
): ToolCall {
  const { decision } = call.incoming;
  // A call of its own, which begins now.
  const incoming = { ...call.incoming, call: decision, receivedAt: clock.monotonic() };
  // Models number their calls as they like: the same call has another id each time.
  const ask = { ...call.ask, callId: null };
  const own = { ask, incoming, trace: NO_TRACE, turn: null, claim: null };
  return { kind: "tool", ...call, ...own, ...at };
}

/** Whoever waits for the answer is not held for one call in it: the model is told that it waits. */
function impatient({ client, turn }: Asker): Client {
  return {
    isAbsent: false,
    isGone: () => turn === null && client.isGone(),
    // It is told at once. An answer may have hundreds of calls: one ear for each would be too many.
    onGone: () => {},
    reassure: () => {},
    takes102: false,
    patienceMs: 0,
    onCut: () => {},
  };
}

const UNHEARD: ToolEnd = {
  kind: "result",
  result: { content: [], structuredContent: undefined, isError: false, bytes: 0 },
};

/** It has run once its agent is told of it, as far as anybody here will ever know. */
function atItsAgent(allow: () => void): ToolRunner {
  return {
    call: (_request, run) => {
      queueMicrotask(() => {
        if (!run.mayWrite()) return run.end(HELD);
        allow();
        run.end(UNHEARD);
      });
      return { abort: () => {} };
    },
  };
}

const HELD: ToolEnd = {
  kind: "fault",
  fault: { kind: "held", written: false, message: "not allowed after all" },
};

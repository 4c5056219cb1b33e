/**
 * A tool that its agent runs itself, and about which it never asks: what has state (permits, cost,
 * approval, the counts of breakers) is taken here, once, as the answer that asks for it goes out.
 * How it ends nobody hears, so it ends at once, and is charged the most that it may cost.
 */
import type { Denial } from "../../guards/verdict.ts";
import { deny } from "../../guards/verdict.ts";
import type { ToolEnd } from "../../ports/tool-server.ts";
import { NO_TRACE } from "../../wire/trace-context.ts";
import type { Desk, ToolCall, ToolRunner } from "../call.ts";
import type { Client } from "../client.ts";
import type { Gateway } from "../gateway.ts";
import { handle } from "../handle.ts";
import type { Identified } from "../tools/read.ts";

export function isTakenHere({ incoming, resolved }: Identified): boolean {
  if (typeof resolved === "string") return false;
  const settings = incoming.rules.configuration.toolServers.get(resolved.server);
  return settings?.kind === "agent" && !settings.asks;
}

/** Null: it may go out. Never rejects; what refuses it is written down and counted. */
export async function take(
  call: Identified,
  client: Client,
  gateway: Gateway,
): Promise<Denial | null> {
  let verdict: Denial | null = deny("gateway.unsure", { because: "nobody has decided" });
  const desk: Desk = {
    progress: null,
    refuse: (denial) => {
      verdict = denial;
    },
    answer: () => {
      verdict = null;
    },
  };
  await handle(asked(call, client, desk, gateway), gateway);
  return verdict;
}

function asked(call: Identified, client: Client, desk: Desk, { clock }: Gateway): ToolCall {
  const incoming = { ...call.incoming, receivedAt: clock.monotonic() };
  const own = { trace: NO_TRACE, turn: null, claim: null, runner: AT_ITS_AGENT, desk };
  return { kind: "tool", ...call, ...own, incoming, client: impatient(client) };
}

/** Whoever waits for the answer is not held for one call in it: the model is told that it waits. */
function impatient(client: Client): Client {
  return {
    isAbsent: false,
    isGone: () => client.isGone(),
    onGone: (listen) => client.onGone(listen),
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
const AT_ITS_AGENT: ToolRunner = {
  call: (_request, run) => {
    queueMicrotask(() => run.end(run.mayWrite() ? UNHEARD : HELD));
    return { abort: () => {} };
  },
};

const HELD: ToolEnd = {
  kind: "fault",
  fault: { kind: "held", written: false, message: "not allowed after all" },
};

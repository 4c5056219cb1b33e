/**
 * How often a client was told to bring its parked call once more (MCP 2026-07-28). Clients do so by
 * themselves, each time with a fresh time-out, ten times and no more. The count travels with them,
 * sealed for this key and this very call; who makes one up is refused, and wins nothing by an old
 * one: it is the call that takes its place, whatever is said beside it.
 */
import type { ToolCall } from "../call.ts";
import type { Gateway } from "../gateway.ts";

/** The official clients give up at the next one. */
export const ROUNDS_MAX = 10;

/** The rounds that a request says it has behind it; null: nobody here has said that to it. */
export function roundsOf(state: string | null, call: ToolCall, gateway: Gateway): number | null {
  if (state === null) return 0;
  try {
    return Number(gateway.seal.open(sealedFor(call), Buffer.from(state, "base64url")));
  } catch (error) {
    gateway.log.info("a request came with a state that was not sealed for it", { error });
    return null;
  }
}

export function stateAfter(rounds: number, call: ToolCall, { seal }: Gateway): string {
  return Buffer.from(seal.close(sealedFor(call), String(rounds))).toString("base64url");
}

/** Not for its task: those that nobody named are others after midnight. */
function sealedFor({ ask, incoming }: ToolCall): string {
  return `rounds of ${ask.digest} for ${incoming.key.id}`;
}

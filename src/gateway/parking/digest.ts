/** What makes two requests the same call: whoever sends it again takes the place of the first. */
import { createHash, hash } from "node:crypto";
import { digestText } from "../../guards/clutch/park.ts";
import type { Call } from "../call.ts";
import type { Same } from "./lot.ts";

export function sameAs(call: Call): Same {
  const { key, taskName } = call.incoming;
  return { key: key.id, task: taskName.id, digest: digestOf(call) };
}

export function digestOf(call: Call): string {
  if (call.kind === "tool") {
    const { callId, digest } = call.ask;
    return digestText(
      call.runner === null ? "tool" : "decision",
      hash("sha256", JSON.stringify([digest, callId])),
    );
  }
  const { body, incoming, wire } = call;
  const headers = wire.forwardHeaders.map((name) => incoming.headers[name] ?? null);
  const sum = createHash("sha256").update(JSON.stringify([wire.format, headers]));
  return digestText("model", sum.update("\0").update(body.bytes).digest("hex"));
}

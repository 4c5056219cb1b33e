/** `POST /guard/v1/decisions/<id>/outcome`: how a tool that the agent ran itself has ended. */
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import type { ToolEnd } from "../../ports/tool-server.ts";
import { numbersAreExact } from "../../wire/exact-numbers.ts";
import { describe, isObject, type JsonObject, malformed, parseObject } from "../../wire/json.ts";
import type { Body } from "../body.ts";
import { type Incoming, originOf } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { refuse } from "../refuse.ts";

const DEPTH_MAX = 65;
const KNOWN = ["ok", "error", "usage", "result"];
const ERROR_CHARS_MAX = 10_000;

export function reportOutcome(id: string, body: Body, incoming: Incoming, gateway: Gateway): void {
  const end = read(body);
  const denial = isDenial(end) ? end : report(id, end, incoming, gateway);
  if (denial !== null) {
    const refusal = { denial, origin: originOf(incoming), asked: null };
    return refuse(refusal, [], incoming, gateway);
  }
  const { decision, response } = incoming;
  const text = JSON.stringify({ decision: id });
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "x-slipclutch-decision": decision,
  });
  response.end(text);
}

/** By its agent, and by a key that is for one task only for decisions of that. */
function report(id: string, end: ToolEnd, incoming: Incoming, gateway: Gateway): Denial | null {
  const { key, manifest } = incoming;
  const task = key.holder.kind === "task" ? key.holder.task : null;
  if (gateway.openDecisions.report(id, { agent: manifest.agent, task }, end)) return null;
  const asked = `/guard/v1/decisions/${id.slice(0, 100)}/outcome`;
  const because = "no such decision is open at this gateway: it has ended, or was made elsewhere";
  return deny("request.unknown-path", { asked, because });
}

/** `{ "ok": true | false, "error"?: "…", "usage"?: { … }, "result"?: … }` */
function read(body: Body): ToolEnd | Denial {
  const parsed = parseObject(body.text, DEPTH_MAX);
  if (isDenial(parsed)) return parsed;
  const { root } = parsed;
  const unknown = Object.keys(root).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) {
    const facts = { unknown: unknown.slice(0, 40), known: KNOWN.join(", ") };
    return deny("request.unknown-field", facts);
  }
  const { error = null, ok, usage = null } = root;
  if (typeof ok !== "boolean") return malformed("ok", describe(ok), "true or false");
  if (error !== null && typeof error !== "string") {
    return malformed("error", describe(error), "a text");
  }
  if (usage !== null && !isObject(usage)) return malformed("usage", describe(usage), "an object");
  if (!numbersAreExact(root)) {
    return malformed("result", "a number past 2^53", "such numbers as strings");
  }
  return endOf(root, { error, isError: !ok, usage, bytes: body.bytes.length });
}

interface Told {
  readonly isError: boolean;
  readonly error: string | null;
  readonly usage: JsonObject | null;
  readonly bytes: number;
}

/** What was used stands in the result as `usage`, where costs can point to it. */
function endOf({ result }: JsonObject, { bytes, error, isError, usage }: Told): ToolEnd {
  const used = usage === null ? {} : { usage };
  const whole = isObject(result) ? { ...used, ...result } : (result ?? undefined);
  const structuredContent = whole ?? (usage === null ? undefined : used);
  const text = error === null ? [] : [{ type: "text", text: error.slice(0, ERROR_CHARS_MAX) }];
  return { kind: "result", result: { content: text, structuredContent, isError, bytes } };
}

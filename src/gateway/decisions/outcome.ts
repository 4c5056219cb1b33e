/** `POST /guard/v1/decisions/<id>/outcome`: how a tool that the agent ran itself has ended. */
import { hash } from "node:crypto";
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import type { ToolEnd } from "../../ports/tool-server.ts";
import { numbersAreExact } from "../../wire/exact-numbers.ts";
import { describe, isObject, type JsonObject, malformed, parseObject } from "../../wire/json.ts";
import type { Body } from "../body.ts";
import { type Incoming, originOf } from "../call.ts";
import { type Gateway, makerOf } from "../gateway.ts";
import { refuse } from "../refuse.ts";
import { OUTCOMES_WAITING_MAX, type Told } from "./outbox.ts";
import type { Report } from "./report.ts";

const DEPTH_MAX = 65;
const KNOWN = ["ok", "error", "usage", "result"];
const ERROR_CHARS_MAX = 10_000;
const RETRY_MS = 1_000;

/** At whichever gateway of the store; 200 says that the one that decided has taken it. */
export async function reportOutcome(
  id: string,
  body: Body,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> {
  const end = read(body);
  const denial = isDenial(end) ? end : await report(reportOn(id, end, body, incoming), gateway);
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

function reportOn(decision: string, end: ToolEnd, { bytes }: Body, incoming: Incoming): Report {
  const { key, manifest } = incoming;
  const task = key.holder.kind === "task" ? key.holder.task : null;
  return { decision, agent: manifest.agent, task, digest: hash("sha256", bytes), end };
}

async function report(about: Report, gateway: Gateway): Promise<Denial | null> {
  const { metrics, openDecisions, outbox } = gateway;
  const became = openDecisions.report(about);
  const maker = became === "dropped" ? makerElsewhere(about, gateway) : null;
  if (maker !== null) return denialOf(await outbox.send(maker, about, gateway), about);
  metrics.reported("here", became);
  return became === "dropped" ? denialOf("ended", about) : null;
}

/** How the id of the gateway begins that decided, where that is not this one. */
function makerElsewhere({ decision }: Report, { holding }: Gateway): string | null {
  const maker = makerOf(decision);
  if (maker === null) return null;
  const own = [holding.tenure, ...holding.former];
  return own.some(({ id }) => id.startsWith(maker)) ? null : maker;
}

function denialOf(told: Told, { decision }: Report): Denial | null {
  switch (told) {
    case "taken":
      return null;
    case "ended":
      return unknown(decision, "no such decision of this key is open: it has ended, or never was");
    case "gone":
      return unknown(decision, "the gateway that made it is gone: its worst case stays charged");
    case "late": {
      const because = "the gateway that decided has not answered yet: report the same again";
      return deny("gateway.unsure", { because }, RETRY_MS);
    }
    case "full": {
      const because = "too many outcomes wait for the gateways that decided";
      const facts = { because, outcomes_waiting_max: OUTCOMES_WAITING_MAX };
      return deny("gateway.overloaded", facts, RETRY_MS);
    }
  }
}

function unknown(decision: string, because: string): Denial {
  const asked = `/guard/v1/decisions/${decision.slice(0, 100)}/outcome`;
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

interface Said {
  readonly isError: boolean;
  readonly error: string | null;
  readonly usage: JsonObject | null;
  readonly bytes: number;
}

/** What was used stands in the result as `usage`, where costs can point to it. */
function endOf({ result }: JsonObject, { bytes, error, isError, usage }: Said): ToolEnd {
  const used = usage === null ? {} : { usage };
  const whole = isObject(result) ? { ...used, ...result } : (result ?? undefined);
  const structuredContent = whole ?? (usage === null ? undefined : used);
  const text = error === null ? [] : [{ type: "text", text: error.slice(0, ERROR_CHARS_MAX) }];
  return { kind: "result", result: { content: text, structuredContent, isError, bytes } };
}

/** From bytes to a call: the format's reader, and where the model would be found. */
import type { Format } from "../guards/call.ts";
import type { ModelAsked } from "../guards/events.ts";
import { type Denial, isDenial } from "../guards/verdict.ts";
import { FORMATS } from "../wire/formats.ts";
import type { Body } from "./body.ts";
import type { Incoming, ModelCall } from "./call.ts";
import { HttpClient } from "./client.ts";

/** Deeper JSON than any client of these formats writes. */
const DEPTH_MAX = 64;
const ATTEMPT_MAX = 1_000;

export function readCall(format: Format, body: Body, incoming: Incoming): ModelCall | Denial {
  const wire = FORMATS[format];
  const read = wire.read(body.text, {
    bytes: body.bytes.length,
    headers: incoming.headers,
    allowFields: [], // which ones are vouched for depends on the provider: a guard asks
    depthMax: DEPTH_MAX,
  });
  if (isDenial(read)) return read;
  const { ask } = read;
  const route = incoming.rules.route(format, ask.model);
  const asked: ModelAsked = {
    format,
    model: ask.model,
    provider: route?.provider.rules.name ?? null,
    stream: ask.stream,
    outputCap: ask.outputCap,
    bytes: body.bytes.length,
    attempt: attemptOf(incoming.headers["x-stainless-retry-count"]),
  };
  const client = new HttpClient(incoming.response, incoming.headers);
  return {
    kind: "model",
    incoming,
    wire,
    body,
    read,
    route,
    asked,
    client,
    turn: null,
    round: null,
    told: [],
  };
}

/** The official clients number their retries; anything else is a first attempt. */
export function attemptOf(header: string | undefined): number {
  const attempt = Number(header ?? 0);
  return Number.isInteger(attempt) && attempt >= 0 && attempt <= ATTEMPT_MAX ? attempt : 0;
}

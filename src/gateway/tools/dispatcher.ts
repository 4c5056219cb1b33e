/** `POST /guard/v1/tools/<name>/call`: runs one tool, for agents that speak no MCP. */
import type { Origin } from "../../guards/events.ts";
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import type { ToolResult } from "../../ports/tool-server.ts";
import { numbersAreExact } from "../../wire/exact-numbers.ts";
import { isObject, parseObject } from "../../wire/json.ts";
import { traceOf } from "../../wire/trace-context.ts";
import { byteLength } from "../../wire/utf8.ts";
import type { Body } from "../body.ts";
import type { Desk, Incoming, ToolCall } from "../call.ts";
import { HttpClient } from "../client.ts";
import { sendRefusal } from "../refuse.ts";
import { readToolCall } from "./read.ts";

/** The body's own level, and as deep as arguments may be. */
const DEPTH_MAX = 65;
const CALL_ID_CHARS_MAX = 200;
const KNOWN = ["arguments", "call_id"];

/** Reads `{ "arguments": { … }, "call_id": "…" }`; both may be left out. */
export function readDispatch(name: string, body: Body, incoming: Incoming): ToolCall | Denial {
  const text = body.text === "" ? "{}" : body.text;
  const parsed = parseObject(text, DEPTH_MAX);
  if (isDenial(parsed)) return parsed;
  const unknown = Object.keys(parsed.root).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) {
    return deny("request.unknown-field", {
      unknown: unknown.slice(0, 40),
      known: KNOWN.join(", "),
    });
  }
  const { arguments: given = {}, call_id: callId = null } = parsed.root;
  if (!isObject(given)) return malformed("arguments", typeof given, "an object");
  if (callId !== null && !isCallId(callId)) {
    return malformed("call_id", typeof callId, `a text of at most ${CALL_ID_CHARS_MAX} characters`);
  }
  if (!numbersAreExact(given)) {
    return malformed("arguments", "a number past 2^53", "such numbers as strings");
  }
  const place = parsed.members.find((member) => member.name === "arguments");
  const bytes = place ? byteLength(text.slice(place.valueFrom, place.valueTo)) : 0;
  const named = { name, server: null, arguments: given, bytes, callId, by: "dispatcher" } as const;
  const trace = traceOf(incoming.headers);
  const client = new HttpClient(incoming.response, incoming.headers);
  return readToolCall({ ...named, trace }, incoming, {
    desk: new DispatcherDesk(incoming),
    client,
  });
}

function isCallId(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= CALL_ID_CHARS_MAX;
}

function malformed(at: string, got: string, expected: string): Denial {
  return deny("request.malformed", { at, got, expected });
}

/** One object for each call, which may wait for long, and no functions of its own. */
class DispatcherDesk implements Desk {
  readonly progress = null;
  readonly #incoming: Incoming;

  constructor(incoming: Incoming) {
    this.#incoming = incoming;
  }

  refuse(denial: Denial, origin: Origin, headers: Readonly<Record<string, string>>): void {
    sendRefusal(this.#incoming.response, denial, origin, headers);
  }

  answer(result: ToolResult, headers: Readonly<Record<string, string>>): void {
    const { decision, response } = this.#incoming;
    if (response.destroyed) return;
    const { content, isError, structuredContent } = result;
    const structured = structuredContent === undefined ? {} : { structuredContent };
    const text = JSON.stringify({ decision, result: { content, ...structured, isError } });
    response.writeHead(200, {
      ...headers,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    });
    response.end(text);
  }
}

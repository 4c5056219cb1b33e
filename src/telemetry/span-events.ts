/** What spans say, made from events. Never what was asked or answered, and no arguments. */
import { isParked } from "../guards/clutch/waits.ts";
import {
  type Asked,
  type Event,
  isToolAsked,
  type LegNumbers,
  type ToolAsked,
} from "../guards/events.ts";
import type { Usage } from "../guards/price/price.ts";
import type { Attributes, Span, Value } from "../ports/spans.ts";

/**
 * The GenAI conventions change with every version: what is named `gen_ai.*` and `mcp.*` here is as
 * in this one, the last that was released together with the rest.
 */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.0";

/** Where a provider or a tool server is. */
export interface Place {
  readonly kind: string;
  /** Null: it is in this process, in a child of it, or at the agent. */
  readonly address: { readonly host: string; readonly port: number } | null;
}

export interface Places {
  provider(name: string): Place | null;
  toolServer(name: string): Place | null;
}

export type Settled = Extract<Event, { kind: "call.settled" }>;
export type Refused = Extract<Event, { kind: "call.refused" }>;

/** A span but for where it stands among others, and when. */
export type Said = Pick<Span, "name" | "kind" | "attributes" | "failed">;

/** A caller may invent names. */
const NAME_CHARS_MAX = 128;
const NANO_PER_USD = 1e9;

export function settledSays(event: Settled, places: Places): Said {
  const { asked, charged, endedMs, outcome, reserved, usage } = event;
  const error = errorOf(event);
  const attributes = {
    ...askedAttributes(asked, places),
    ...originAttributes(event),
    ...(usage === null ? {} : usageAttributes(usage)),
    ...(event.sentCap === null ? {} : { "gen_ai.request.max_tokens": event.sentCap }),
    "slipclutch.verdict": "allow",
    "slipclutch.outcome": outcome,
    "slipclutch.cost.usd": usd(charged),
    "slipclutch.reserved.usd": usd(reserved),
    "slipclutch.estimated": event.estimated,
    ...(event.capped ? { "slipclutch.capped": true } : {}),
    ...budgetsOf(event.legs),
    "slipclutch.decided_ms": { double: event.decidedMs },
    ...(event.firstByteMs === null
      ? {}
      : { "slipclutch.first_byte_ms": { double: event.firstByteMs } }),
    "slipclutch.ended_ms": { double: endedMs },
    ...(error === null ? {} : { "error.type": error }),
  };
  return { ...nameOf(asked, places), attributes, failed: error !== null };
}

export function refusedSays(event: Refused, places: Places): Said {
  const { asked, code } = event;
  const attributes = {
    ...(asked === null ? {} : askedAttributes(asked, places)),
    ...originAttributes(event),
    "slipclutch.verdict": isParked(code) ? "park" : "deny",
    "slipclutch.code": code,
    "error.type": code,
  };
  const named = asked === null ? NAMELESS : nameOf(asked, places);
  return { ...named, attributes, failed: true };
}

/** A request that was refused before anybody could tell what it asks for. */
const NAMELESS = { name: "refused", kind: "server" } as const;

/** A call whose client left while it waited: it may come again for it, as another span. */
export function leftSays(asked: Asked, origin: Origin, places: Places): Said {
  const attributes = {
    ...askedAttributes(asked, places),
    ...originAttributes(origin),
    "slipclutch.verdict": "park",
    "slipclutch.outcome": "left",
  };
  return { ...nameOf(asked, places), attributes, failed: false };
}

export function taskSays(event: Extract<Event, { kind: "task.ended" }>): Said {
  const { agent, outcome, task } = event;
  const failed = outcome === "failed";
  const attributes = {
    "gen_ai.operation.name": "invoke_agent",
    ...agentAttributes(agent, task),
    "slipclutch.task.outcome": outcome,
    ...(failed ? { "error.type": "failed" } : {}),
  };
  return { name: `invoke_agent ${agent}`, kind: "internal", attributes, failed };
}

function nameOf(asked: Asked, places: Places): Pick<Said, "name" | "kind"> {
  if (!isToolAsked(asked)) return { name: `chat ${bounded(asked.model)}`, kind: "client" };
  if (readingOf(asked) !== null) return { name: bounded(asked.tool), kind: "client" };
  const isOurs = places.toolServer(asked.server)?.kind !== "agent";
  return { name: `execute_tool ${bounded(asked.tool)}`, kind: isOurs ? "client" : "internal" };
}

function askedAttributes(asked: Asked, places: Places): Attributes {
  if (!isToolAsked(asked)) {
    const { model, outputCap, provider } = asked;
    const place = provider === null ? null : places.provider(provider);
    return {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": bounded(model),
      ...(outputCap === null ? {} : { "gen_ai.request.max_tokens": outputCap }),
      ...(place === null ? {} : { "gen_ai.provider.name": place.kind, ...addressOf(place) }),
      ...(provider === null ? {} : { "slipclutch.provider": provider }),
    };
  }
  const { by, server } = asked;
  const place = places.toolServer(server);
  return {
    ...toolAttributes(asked, place),
    ...(place === null ? {} : addressOf(place)),
    "slipclutch.tool_server": bounded(server),
    "slipclutch.by": by,
  };
}

function toolAttributes(asked: ToolAsked, place: Place | null): Attributes {
  const method = readingOf(asked);
  if (method !== null) return { "mcp.method.name": method };
  const isMcp = place !== null && MCP_KINDS.has(place.kind);
  return {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": bounded(asked.tool),
    "gen_ai.tool.type": "function",
    ...(isMcp ? { "mcp.method.name": "tools/call" } : {}),
  };
}

/** What is read from a server of MCP is on the same path as its tools, and is none: its method. */
function readingOf({ by, tool }: ToolAsked): string | null {
  const [, method = null] = by === "mcp" ? (READINGS.exec(tool) ?? []) : [];
  return method;
}

const READINGS = /^(resources\/read|prompts\/get)(?: |$)/;
const MCP_KINDS: ReadonlySet<string> = new Set(["mcp", "mcp-command"]);

function addressOf({ address }: Place): Attributes {
  return address === null ? {} : { "server.address": address.host, "server.port": address.port };
}

type Origin = Pick<Settled, "decision" | "call" | "agent" | "task" | "revision">;

function originAttributes({ agent, call, decision, revision, task }: Origin): Attributes {
  return {
    ...(agent === null ? {} : agentAttributes(agent, task)),
    "slipclutch.decision": decision,
    ...(call === decision ? {} : { "slipclutch.call": call }),
    "slipclutch.revision": revision,
  };
}

function agentAttributes(agent: string, task: string | null): Attributes {
  return {
    "gen_ai.agent.id": agent,
    "gen_ai.agent.name": agent,
    ...(task === null ? {} : { "gen_ai.conversation.id": task }),
  };
}

/** By the conventions input is all of it, cached or not; ours counts every token once. */
function usageAttributes(usage: Usage): Attributes {
  const { cachedInput, cacheWrite1h, cacheWrite5m, input, inputAudio, output, outputAudio } = usage;
  const written = cacheWrite5m + cacheWrite1h;
  return {
    "gen_ai.usage.input_tokens": Math.round(input + cachedInput + written + inputAudio),
    "gen_ai.usage.output_tokens": Math.round(output + outputAudio),
    ...(cachedInput > 0 ? { "gen_ai.usage.cache_read.input_tokens": Math.round(cachedInput) } : {}),
    ...(written > 0 ? { "gen_ai.usage.cache_creation.input_tokens": Math.round(written) } : {}),
  };
}

function budgetsOf(legs: readonly LegNumbers[]): Attributes {
  const names = [...new Set(legs.map(({ budget }) => budget))];
  return names.length === 0 ? {} : { "slipclutch.budgets": names };
}

/** A class of errors, and never their words: those may quote what was answered. */
function errorOf({ asked, fault, outcome, status }: Settled): string | null {
  switch (outcome) {
    case "ok":
      return null;
    case "error":
      return isToolAsked(asked) ? "tool_error" : String(status ?? "error");
    case "fault":
    case "dropped":
    case "aborted":
      return fault?.split(":")[0] ?? outcome;
  }
}

function usd(nano: number): Value {
  return { double: nano / NANO_PER_USD };
}

function bounded(name: string): string {
  return name.slice(0, NAME_CHARS_MAX);
}

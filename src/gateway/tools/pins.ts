/** How tool servers describe pinned tools now. */
import { hash } from "node:crypto";
import { pinText } from "../../guards/tool/pin.ts";
import type { OfferedPin, Resolved, ToolId } from "../../guards/tool/tool.ts";
import { type OfferedTool, ToolServerUnreachable } from "../../ports/tool-server.ts";
import type { Gateway } from "../gateway.ts";
import type { Ruleset } from "../ruleset.ts";

const NOT_OFFERED: OfferedPin = { kind: "known", pin: null };
const UNKNOWN: OfferedPin = { kind: "unknown" };

/** Once for each reading of a list, which calls of half a minute share; gone with the list. */
const HASHED = new WeakMap<OfferedTool, string | null>();

/** Null where nothing is pinned: then no server is asked. */
export function offeredPin(
  resolved: Resolved,
  rules: Ruleset,
  gateway: Gateway,
): Promise<OfferedPin> | null {
  if (typeof resolved === "string" || resolved.pin === null) return null;
  return ask(resolved, rules, gateway);
}

async function ask(id: ToolId, rules: Ruleset, gateway: Gateway): Promise<OfferedPin> {
  const server = rules.toolServer(id.server);
  if (server === null) return NOT_OFFERED;
  try {
    const offered = (await server.list()).find(({ name }) => name === id.tool);
    return offered === undefined ? NOT_OFFERED : { kind: "known", pin: pinOf(id, offered) };
  } catch (error) {
    // What cannot be asked is no permission: the guard refuses it.
    if (!(error instanceof ToolServerUnreachable)) throw error;
    gateway.log.warn("a pin could not be checked", { tool_server: id.server, error });
    gateway.metrics.error("tools/pin");
    return UNKNOWN;
  }
}

/** The pin of a tool as it is offered; null: it is nested too deep to have one. */
export function pinOf(id: ToolId, offered: OfferedTool): string | null {
  const known = HASHED.get(offered);
  if (known !== undefined) return known;
  const text = pinText(id, offered.raw);
  const pin = text === null ? null : `sha256:${hash("sha256", text)}`;
  HASHED.set(offered, pin);
  return pin;
}

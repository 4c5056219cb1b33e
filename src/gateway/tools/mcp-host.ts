/**
 * Whether a request for MCP can be a page's in somebody's browser. A page can make its own name
 * point here, and then it asks "itself": so the host that is asked must be one that no page can
 * have made (an address, localhost, or a name of the configuration), and a page's origin must be
 * that very host. Paths beside MCP's are guarded by their key alone, which no page has.
 */
import { isIP } from "node:net";
import type { Listeners } from "../../config/configuration.ts";
import { type Denial, deny } from "../../guards/verdict.ts";
import type { Incoming } from "../call.ts";

const SHOWN_CHARS_MAX = 100;
/** A host with or without a port; an address of version 6 stands in brackets. */
const HOST = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(:\d{1,5})?$/;

export function foreignCaller({ headers, rules }: Incoming): Denial | null {
  const { listeners } = rules.configuration;
  const host = headers.host?.toLowerCase() ?? "";
  const name = HOST.exec(host)?.[1];
  if (name === undefined || !isKnown(name, listeners)) {
    const facts = { host: host.slice(0, SHOWN_CHARS_MAX), known_by: "listeners.agent_hosts" };
    return deny("request.unknown-field", { unknown: "header host", ...facts });
  }
  const { origin } = headers;
  if (origin === undefined) return null;
  const from = URL.canParse(origin) ? new URL(origin) : null;
  if (from !== null && isKnown(from.hostname, listeners) && from.host === host) return null;
  return deny("request.unknown-field", { unknown: "header origin" });
}

function isKnown(name: string, { agent, agentHosts }: Listeners): boolean {
  if (isIP(name.replace(/^\[|\]$/g, "")) !== 0 || name === "localhost") return true;
  return name === agent.host.toLowerCase() || agentHosts.includes(name);
}

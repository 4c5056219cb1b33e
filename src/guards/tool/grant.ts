/** An agent may call the tools that its manifest lists, and none that it blacklists. */
import { type Denial, deny } from "../verdict.ts";
import type { ToolAllow, ToolGuard, ToolLook } from "./facts.ts";
import { isAsPinned, shortPin } from "./pin.ts";
import type { GrantedTool, Reading, Resolved } from "./tool.ts";

const UNCLEAR = "several servers are granted it: at /mcp/SERVER it means one";

export const grantTool: ToolGuard = ({ ask, manifest, offered, resolved }) => {
  if (ask.reading !== undefined) return grantReading(ask.reading, resolved, manifest.agent);
  const facts = { tool: ask.tool, agent: manifest.agent };
  if (resolved === "blacklisted") return deny("manifest.blacklisted", facts);
  // No clear name: one of those that it may mean may be blacklisted, also where others are spared.
  if (ask.tool === "") return { ...deny("manifest.unknown-tool", facts), firm: true };
  if (resolved === "unknown") return deny("manifest.unknown-tool", facts);
  if (!resolved.isGranted) return deny("manifest.unknown-tool", facts);
  return changed(resolved, offered) ?? allowed(resolved);
};

function grantReading(reading: Reading, resolved: Resolved, agent: string): ToolAllow | Denial {
  const { isUnclear, kind, name } = reading;
  if (typeof resolved !== "string") {
    return { kind: "allow", numbers: { [kind]: name, server: resolved.server } };
  }
  const facts = { [kind]: name, agent, ...(isUnclear ? { because: UNCLEAR } : {}) };
  const says = `The ${kind} is not granted to this agent.`;
  return { ...deny("manifest.unknown-tool", facts), says };
}

/** Only what is known: a server that is away is `offeredNow`'s. */
function changed({ pin, server, tool }: GrantedTool, offered: ToolLook["offered"]) {
  if (pin === null || offered?.kind !== "known" || isAsPinned(pin, offered.pin)) return null;
  return deny("manifest.changed", {
    ...{ tool, tool_server: server, pin: shortPin(pin) },
    now: offered.pin === null ? "not offered" : shortPin(offered.pin),
  });
}

function allowed({ server, tool }: GrantedTool) {
  return { kind: "allow", numbers: { tool, server } } as const;
}

/** An agent may call the tools that its manifest lists, and none that it blacklists. */
import { deny } from "../verdict.ts";
import type { ToolGuard, ToolLook } from "./facts.ts";
import { isAsPinned, shortPin } from "./pin.ts";
import type { GrantedTool } from "./tool.ts";

export const grantTool: ToolGuard = ({ ask, manifest, offered, resolved }) => {
  const facts = { tool: ask.tool, agent: manifest.agent };
  if (resolved === "blacklisted") return deny("manifest.blacklisted", facts);
  if (resolved === "unknown") return deny("manifest.unknown-tool", facts);
  if (!resolved.isGranted) return deny("manifest.unknown-tool", facts);
  return changed(resolved, offered) ?? allowed(resolved);
};

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

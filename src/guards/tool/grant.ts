/** An agent may call the tools that its manifest lists, and none that it blacklists. */
import { deny } from "../verdict.ts";
import type { ToolGuard } from "./facts.ts";

export const grantTool: ToolGuard = ({ ask, manifest, resolved }) => {
  const facts = { tool: ask.tool, agent: manifest.agent };
  if (resolved === "blacklisted") return deny("manifest.blacklisted", facts);
  if (resolved === "unknown") return deny("manifest.unknown-tool", facts);
  return { kind: "allow", numbers: { tool: resolved.tool, server: resolved.server } };
};

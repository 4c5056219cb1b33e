/**
 * What is not in the manifest does not exist: tools that a request offers to the model and that are
 * not granted are taken out of it, or, where the agent is `strict`, the request is refused. The
 * gateway's own tool needs no grant. While the agent is observed only what is blacklisted is taken
 * out.
 */
import { type Guard, NO_NUMBERS } from "../facts.ts";
import { deny } from "../verdict.ts";
import { isBudgetTool, resolveTool } from "./names.ts";

export const offered: Guard = ({ ask, manifest }, bounds, states) => {
  if (ask.offeredTools.length === 0)
    return [states, { kind: "allow", bounds, numbers: NO_NUMBERS }];
  const removed = new Set<number>();
  let spared = 0;
  for (const [index, name] of ask.offeredTools.entries()) {
    if (isBudgetTool(name)) continue;
    const resolved = resolveTool(name, manifest.tools, null);
    if (typeof resolved !== "string" && resolved.isGranted) continue;
    // Without a clear name it may be blacklisted.
    if (manifest.observing && resolved !== "blacklisted" && name !== "") {
      spared += 1;
      continue;
    }
    if (manifest.strict) {
      const code = resolved === "blacklisted" ? "manifest.blacklisted" : "manifest.unknown-tool";
      return [states, deny(code, { tool: name, agent: manifest.agent })];
    }
    removed.add(index);
  }
  if (removed.size + spared === 0) {
    return [states, { kind: "allow", bounds, numbers: NO_NUMBERS }];
  }
  const numbers = {
    ...{ tools_offered: ask.offeredTools.length, tools_removed: removed.size },
    ...(spared === 0 ? {} : { tools_not_granted: spared }),
  };
  return [states, { kind: "allow", bounds: { ...bounds, removedTools: removed }, numbers }];
};

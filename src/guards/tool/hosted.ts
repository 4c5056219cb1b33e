/**
 * Tools that the provider runs are never seen by anybody here: they are decided where they are
 * offered, and an agent has those that its manifest grants. None can be taken out of a request for
 * it, as what the model would answer without it is another answer: the request is refused.
 */
import { type Guard, NO_NUMBERS } from "../facts.ts";
import { deny } from "../verdict.ts";
import { isToolBlacklisted } from "./names.ts";

export const hosted: Guard = ({ ask, manifest }, bounds, states) => {
  const { agent, tools } = manifest;
  for (const { type: tool } of ask.serverTools) {
    if (isToolBlacklisted({ server: "provider", tool }, tools.blacklisted)) {
      return [states, deny("manifest.blacklisted", { tool, agent })];
    }
  }
  for (const { type: tool } of ask.serverTools) {
    if (!tools.hosted.has(tool)) {
      const because = "it runs at the provider, and hosted_tools does not grant it";
      return [states, deny("manifest.unknown-tool", { tool, agent, because })];
    }
  }
  return [states, { kind: "allow", bounds, numbers: NO_NUMBERS }];
};

/**
 * A tool that may only read is refused if it writes. What it does is said by its owner; what nobody
 * has said is a write.
 */
import { deny } from "../verdict.ts";
import type { ToolGuard } from "./facts.ts";

export const effect: ToolGuard = ({ manifest, resolved }) => {
  // The grant has been asked before and refused these.
  if (typeof resolved === "string") return deny("gateway.unsure", { because: "no granted tool" });
  const { effect: does, readOnly, tool } = resolved;
  if (readOnly && does !== "read") {
    return deny("manifest.read-only", { tool, agent: manifest.agent });
  }
  return { kind: "allow", numbers: { effect: does } };
};

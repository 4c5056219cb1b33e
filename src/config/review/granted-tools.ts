/** The tools that an agent can call, in force and as they are written. */
import type { Manifest } from "../../guards/manifest/manifest.ts";
import { usableTools } from "../../guards/tool/names.ts";
import type { GrantedTool } from "../../guards/tool/tool.ts";
import type { RawTool } from "../tool-schema.ts";
import type { Reading } from "./reading.ts";

/** A tool that can be called, in force and as it is written. */
export interface Tool {
  /** Its place among `allowed_tools`. */
  readonly index: number;
  readonly granted: GrantedTool;
  readonly raw: RawTool;
  readonly written: { readonly source: Reading["main"]["source"]; readonly data: RawTool };
}

/** Those that are granted and not blacklisted, by their full names. */
export function toolsOf({ configuration, manifests }: Reading, agent: string) {
  const manifest: Manifest | undefined = configuration.agents.get(agent);
  const written = manifests.get(agent);
  const tools = new Map<string, Tool>();
  if (manifest === undefined || written === undefined) return tools;
  const usable = new Set(usableTools(manifest.tools, null));
  for (const [index, granted] of manifest.tools.allowed.entries()) {
    // In a valid manifest every tool that is written is granted, in its order.
    const raw = written.data.allowed_tools?.[index];
    if (raw === undefined || !usable.has(granted)) continue;
    const source = { ...written.source, raw: rawTool(written.source.raw, index) };
    const entry = { source, data: raw };
    tools.set(`${granted.server}__${granted.tool}`, { index, granted, raw, written: entry });
  }
  return tools;
}

function rawTool(raw: unknown, index: number): unknown {
  // The schema found a list there.
  return (raw as { readonly allowed_tools: readonly unknown[] }).allowed_tools[index];
}

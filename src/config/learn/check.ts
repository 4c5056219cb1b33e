/** A draft in its place in the folder, and what it would have said to everything that was seen. */

import { stringify } from "yaml";
import { lookAtTool } from "../../guards/decide.ts";
import type { Manifest } from "../../guards/manifest/manifest.ts";
import { resolveTool } from "../../guards/tool/names.ts";
import type { Files } from "../configuration.ts";
import type { SeenCalls } from "./seen.ts";

/** As text: strict JSON where its file's name says so, else YAML. */
export function renderDraft(document: object, file: string): string {
  if (file.endsWith(".json")) return `${JSON.stringify(document, null, 2)}\n`;
  return stringify(document, { version: "1.2", lineWidth: 100, aliasDuplicateObjects: false });
}

/** The folder with the draft in place of the agent's manifest. */
export function withDraft(files: Files, agent: string, document: object): Files {
  const own = [`agents/${agent}.json`, `agents/${agent}.yaml`, `agents/${agent}.yml`];
  const others = [...files].filter(([file]) => !own.includes(file));
  const file = own.find((name) => files.has(name)) ?? `agents/${agent}.yaml`;
  return new Map([...others, [file, renderDraft(document, file)]]);
}

/** What would still be refused, each with its code; what has no server is not the draft's. */
export function refusedBy(manifest: Manifest, calls: readonly SeenCalls[]): readonly string[] {
  return calls.flatMap((one) => {
    const codes = one.arguments.flatMap((given) => codeOf(manifest, one, given) ?? []);
    return [...new Set(codes)].map((code) => `${one.server}__${one.tool}: ${code}`);
  });
}

function codeOf(
  manifest: Manifest,
  { server, tool }: SeenCalls,
  given: Readonly<Record<string, unknown>>,
): string | null {
  const resolved = resolveTool(tool, manifest.tools, server);
  const bytes = Buffer.byteLength(JSON.stringify(given));
  const ask = { server, tool, arguments: given, digest: "", bytes, callId: null };
  const facts = { ask, resolved, manifest, grants: manifest.tools, offered: null };
  return lookAtTool(facts).denial?.code ?? null;
}

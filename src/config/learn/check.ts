/** A draft in its place in the folder, and what it would have said to everything that was seen. */

import { Document, visit } from "yaml";
import { lookAtTool } from "../../guards/decide.ts";
import type { Manifest } from "../../guards/manifest/manifest.ts";
import { resolveTool } from "../../guards/tool/names.ts";
import type { Files } from "../configuration.ts";
import type { SeenCalls } from "./seen.ts";

/** As text: strict JSON where its file's name says so, else YAML. */
export function renderDraft(document: object, file: string): string {
  if (file.endsWith(".json")) {
    return `${JSON.stringify(document, null, 2).replace(UNSEEN, escapedForJson)}\n`;
  }
  const yaml = new Document(document, { version: "1.2", ...WRITTEN });
  visit(yaml, {
    Scalar: (_key, node) => {
      if (typeof node.value === "string" && hasUnseen(node.value)) node.type = "QUOTE_DOUBLE";
    },
  });
  return yaml.toString({ lineWidth: 100 }).replace(UNSEEN, escapedForYaml);
}

/** Older readers take `no` for false: for them it is quoted. */
const WRITTEN = { aliasDuplicateObjects: false, compat: "yaml-1.1" } as const;

/** Agents and servers write what is learned: nothing of it may look like something else. */
const UNSEEN = /[\p{Cf}\u2028\u2029]/gu;

function hasUnseen(text: string): boolean {
  return text.search(UNSEEN) >= 0;
}

function escapedForJson(character: string): string {
  return character.replace(/[\s\S]/g, (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`);
}

function escapedForYaml(character: string): string {
  return `\\U${hex(character.codePointAt(0) ?? 0, 8)}`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
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
  // Whether the manifest lets it through: policies have their own say, whatever it grants.
  const facts = { ask, resolved, manifest, grants: manifest.tools, offered: null, policy: [] };
  return lookAtTool(facts).denial?.code ?? null;
}

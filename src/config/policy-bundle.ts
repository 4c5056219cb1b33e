/**
 * The bundle of policies that slipclutch.yaml names, for `policy_engine: { kind: wasm }`. Files are
 * texts here; this one is kept in base64.
 */
import type { GuardrailsTree } from "../ports/guardrails.ts";
import type { Files, Issue } from "./configuration.ts";
import { isMap } from "./openapi/references.ts";
import { parseSource } from "./source.ts";
import { folderIssue, READ_LIMITS } from "./texts.ts";

/** A bundle of all of an organisation's policies has some megabytes. */
export const BUNDLE_BYTES_MAX = 16 * 1024 * 1024;

interface ReadBundle {
  readonly files: Files;
  readonly issues: readonly Issue[];
}

/** One that is not there is told where it is named. */
export async function readPolicyBundle(tree: GuardrailsTree, main: Files): Promise<ReadBundle> {
  const name = bundleNamedIn(main);
  if (name === null) return NONE;
  const limits = { ...READ_LIMITS, fileBytesMax: BUNDLE_BYTES_MAX };
  const found = (await tree.read([name], limits)).get(name);
  switch (found?.kind) {
    case undefined:
    case "none":
      return NONE;
    case "bytes":
      return { files: new Map([[name, Buffer.from(found.bytes).toString("base64")]]), issues: [] };
    case "unreadable":
      return refused(folderIssue(name, found.got, "a bundle of policies", found.hint));
    case "too-large":
    case "beyond": {
      const got = `more than ${BUNDLE_BYTES_MAX} bytes`;
      return refused(folderIssue(name, got, "a bundle of policies", "Split it."));
    }
  }
}

const NONE: ReadBundle = { files: new Map(), issues: [] };

function refused(issue: Issue): ReadBundle {
  return { files: new Map(), issues: [issue] };
}

/** Null: none is named. */
export function bundleNamedIn(main: Files): string | null {
  const { raw } = parseSource("slipclutch.yaml", main.get("slipclutch.yaml") ?? "").source;
  const engine = isMap(raw) ? raw.policy_engine : null;
  const name = isMap(engine) ? engine.bundle : null;
  return typeof name === "string" && !name.startsWith("/") && !name.includes("..") ? name : null;
}

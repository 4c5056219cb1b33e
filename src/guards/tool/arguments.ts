/** What a tool may be asked: arguments of bounded size that fit the manifest's schema for them. */
import { deny } from "../verdict.ts";
import type { ToolGuard, Unpoliced } from "./facts.ts";

/** A validator's sentence can quote the schema and the value; a fact is for people. */
const WRONG_CHARS_MAX = 200;

/**
 * The size comes first, as a schema's patterns cost time by length. The front door asks the same
 * before it parses; here it holds for arguments from every road.
 */
export const checkArguments: ToolGuard = (facts) => {
  const { ask, grants, resolved } = facts;
  // The grant has been asked before and refused these.
  if (typeof resolved === "string") return deny("gateway.unsure", { because: "no granted tool" });
  const max = grants.argumentsBytesMax;
  // Written so that a size that is no number is refused.
  if (!(ask.bytes <= max)) {
    return deny("request.too-large", { limit: "max_arguments_bytes", max, got: ask.bytes });
  }
  const untaken = resolved.takes?.(ask.arguments) ?? null;
  if (untaken !== null) {
    return { ...deny("manifest.arguments", wrongFacts(facts, untaken)), firm: true };
  }
  if (resolved.check === null) return { kind: "allow", numbers: { bytes: ask.bytes } };
  const wrong = resolved.check(ask.arguments);
  if (wrong !== null) return deny("manifest.arguments", wrongFacts(facts, wrong));
  return { kind: "allow", numbers: { bytes: ask.bytes, schema: "fits" } };
};

/** "/arguments/table must be one of a, b." → where, and what. Without a place: as a whole. */
function wrongFacts({ ask }: Unpoliced, wrong: string): Readonly<Record<string, string>> {
  const [, at = "/arguments", what = wrong] = /^(\/arguments\S*)\s+(.*)$/s.exec(wrong) ?? [];
  return { tool: ask.tool, at: shortened(at), wrong: shortened(what) };
}

function shortened(text: string): string {
  return text.length <= WRONG_CHARS_MAX ? text : `${text.slice(0, WRONG_CHARS_MAX - 1)}…`;
}

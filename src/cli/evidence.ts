/** What a review was opened with, in lines; of an approval, why policies want it first. */
import type { ReviewView } from "../control/client.ts";

export interface EvidenceLines {
  /** In the words of the policies. */
  readonly because: readonly string[];
  readonly evidence: readonly string[];
}

export function evidenceLines({ evidence, kind }: Pick<ReviewView, "evidence" | "kind">) {
  if (kind !== "approval" || !isObject(evidence)) {
    return { because: [], evidence: linesOf(evidence) } satisfies EvidenceLines;
  }
  const { arguments: given, arguments_bytes: bytes, reasons, ...known } = evidence;
  const because = Array.isArray(reasons) ? reasons.map(String) : [];
  // A model has no arguments: what it is sent is the whole request.
  const asked =
    "model" in evidence
      ? { request_bytes: bytes, request: given }
      : { arguments_bytes: bytes, arguments: given };
  return { because, evidence: linesOf({ ...known, ...asked }) } satisfies EvidenceLines;
}

/** One line for each thing that it says; names within names are joined with dots. */
function linesOf(evidence: unknown, name = ""): string[] {
  if (typeof evidence !== "object" || evidence === null) {
    return [name === "" ? String(evidence) : `${name} ${String(evidence)}`];
  }
  const entries = Object.entries(evidence);
  // An empty list among arguments is something that was asked for, too.
  if (entries.length === 0 && name !== "") return [`${name} ${JSON.stringify(evidence)}`];
  return entries.flatMap(([key, inner]) => linesOf(inner, name === "" ? key : `${name}.${key}`));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** OPA's own cases of Rego, which are data beside this repository, not part of it. */
import fs from "node:fs";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "..", "..");

const PLACES = [
  process.env.SLIPCLUTCH_REGO_CASES,
  path.join(ROOT, "..", "shared", "rego-conformance"),
  "/work/shared/rego-conformance",
];

/** The folder with `v1.jsonl` and the rest; null: they are not on this machine. */
export function regoCases(): string | null {
  const found = PLACES.find((place) => place && fs.existsSync(path.join(place, "v1.jsonl")));
  return found ?? null;
}

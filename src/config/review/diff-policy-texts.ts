/** What policies are made of: rules, documents, or a bundle. Tests of them change no rule. */
import type { PolicySettings } from "../bound-policies.ts";
import { type Change, change } from "./change.ts";
import type { Reading } from "./reading.ts";

type Sides = readonly [before: Reading, after: Reading];

/** Where policies are bound before and after. */
export function policyTextChanges(sides: Sides): readonly Change[] {
  const [before, after] = sides.map(({ configuration }) => configuration.policies);
  if (!before || !after) return [];
  const kinds = [before.engine.kind, after.engine.kind];
  // Another engine is told by itself; an OPA has its policies from elsewhere.
  if (kinds[0] !== kinds[1] || kinds[0] === "opa") return [];
  const isBundle = kinds[0] === "wasm";
  return [...(isBundle ? bundleChanges(before, after) : []), ...fileChanges(sides, isBundle)];
}

function bundleChanges({ sources: old }: PolicySettings, { sources: now }: PolicySettings) {
  const [was, is] = [old.wasm, now.wasm].map((bytes) => Buffer.from(bytes ?? []));
  if (was === undefined || is === undefined || was.equals(is)) return [];
  const says = "is another bundle: nobody can prove that it lets no more through";
  return [change({ agent: null, about: "policy_engine.bundle" }, "may-be-wider", says)];
}

function fileChanges(sides: Sides, isBundle: boolean): Change[] {
  const [before, after] = sides.map(({ policyFiles }) => policyFiles);
  const [data, dataNow] = sides.map(({ configuration }) => configuration.policies?.sources.data);
  const files = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
  return [...files].toSorted().flatMap((file) => {
    const [old, now] = [before?.get(file), after?.get(file)];
    const isRego = file.endsWith(".rego");
    // Rules beside a bundle are not read; documents that are spelt otherwise say the same.
    const isSame = isRego ? isBundle : data === dataNow;
    if (old === now || isSame) return [];
    const what = isRego ? "policy" : "document";
    return [change({ agent: null, about: file }, "may-be-wider", says(old, now, what))];
  });
}

function says(old: string | undefined, now: string | undefined, what: string): string {
  const unproven = "nobody can prove that no more is let through";
  if (old === undefined) return `is a new ${what}: ${unproven}`;
  if (now === undefined) return `is gone, a ${what}: ${unproven}`;
  return `is a ${what} of another text: ${unproven}`;
}

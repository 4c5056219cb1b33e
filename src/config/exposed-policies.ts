/** Policies that agents ask themselves, by slipclutch.yaml: their inputs are the agents' own. */
import { isMap } from "./openapi/references.ts";
import { pathOf } from "./policy-settings.ts";
import { parseSource } from "./source.ts";

/** The queries of policies that decide nothing here, by their paths below `data`. */
export interface BoundPaths {
  readonly decides: readonly (readonly string[])[];
  readonly exposed: readonly (readonly string[])[];
}

/** Of a text that need not be valid: whatever is no binding is left out. */
export function boundPaths(text: string): BoundPaths {
  const { raw } = parseSource("slipclutch.yaml", text).source;
  const listed = isMap(raw) ? raw.policies : null;
  const bound = (Array.isArray(listed) ? listed : []).filter(isMap);
  const paths = (wanted: boolean) =>
    bound.flatMap(({ on, query }) => {
      return typeof query === "string" && (on !== undefined) === wanted ? [pathOf(query)] : [];
    });
  return { decides: paths(true), exposed: paths(false) };
}

/** Whether a package answers agents alone. */
export function isExposedOnly({ decides, exposed }: BoundPaths, path: readonly string[]): boolean {
  const isIn = (asked: readonly string[]) => leads(path, asked) || leads(asked, path);
  return exposed.some(isIn) && !decides.some(isIn);
}

/** A query that cannot be read leads nowhere. */
function leads(outer: readonly string[], inner: readonly string[]): boolean {
  return outer.length > 0 && outer.every((part, no) => inner[no] === part);
}

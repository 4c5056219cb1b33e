/**
 * Decisions by which the call of an approval goes out on somebody's word: as it was asked, or as
 * they have changed it.
 */
const APPROVES: ReadonlySet<string> = new Set(["approve", "change"]);

export function approves({ decision }: { readonly decision: string }): boolean {
  return APPROVES.has(decision);
}

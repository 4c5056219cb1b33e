/** What people decide on reviews. */

export const DECISIONS = [
  "resume",
  "probe",
  "change",
  "approve",
  "deny",
  "end",
  "ran",
  "did_not_run",
] as const;

/** By these the call of an approval goes out: as it was asked, or as a person has changed it. */
const APPROVES: ReadonlySet<string> = new Set(["approve", "change"]);

export function approves({ decision }: { readonly decision: string }): boolean {
  return APPROVES.has(decision);
}

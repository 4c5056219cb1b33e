/** The third verdict: the call waits, durably, until a person or a condition lets it go. */

export type Park =
  /** `review`: that which decides. */
  | { readonly kind: "park"; readonly cause: "clutch"; readonly review: string }
  /** Its review is opened with it. `reasons`: in the words of policies that want it. */
  | {
      readonly kind: "park";
      readonly cause: "approval";
      readonly reasons: readonly string[];
    };

/** What a parked call asked for: `decision`, that its agent may run a tool itself. */
export type Parkable = "tool" | "model" | "decision";

const PREFIXES = { tool: "t:", model: "m:", decision: "d:" } as const;

/** The digest of a parked call begins with what it asked for. */
export function digestText(what: Parkable, sum: string): string {
  return PREFIXES[what] + sum;
}

export function whatOf(digest: string): Parkable {
  if (digest.startsWith(PREFIXES.tool)) return "tool";
  return digest.startsWith(PREFIXES.decision) ? "decision" : "model";
}

/** A tool call can run without whoever asked for it; the others are of use to nobody else. */
export function isToolDigest(digest: string): boolean {
  return whatOf(digest) === "tool";
}

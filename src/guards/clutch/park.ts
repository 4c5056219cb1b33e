/** The third verdict: the call waits, durably, until a person or a condition lets it go. */

export type Park =
  /** `review`: that which decides. */
  | { readonly kind: "park"; readonly cause: "clutch"; readonly review: string }
  /** Its review is opened with it. */
  | { readonly kind: "park"; readonly cause: "approval" };

const TOOL = "t:";
const MODEL = "m:";

/** The digest of a parked call begins with what it asked for. */
export function digestText(what: "tool" | "model", sum: string): string {
  return (what === "tool" ? TOOL : MODEL) + sum;
}

/** A tool call can run without whoever asked for it; a model's answer is of use to nobody else. */
export function isToolDigest(digest: string): boolean {
  return digest.startsWith(TOOL);
}

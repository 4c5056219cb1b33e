/** What a parked or named call was answered, kept for whoever asks for it again. */
import type { Outcome } from "../../guards/budget/settle.ts";
import { type Denial, deny } from "../../guards/verdict.ts";
import type { ToolResult } from "../../ports/tool-server.ts";

export type StoredAnswer =
  | { readonly kind: "result"; readonly result: ToolResult }
  | { readonly kind: "refused"; readonly denial: Denial }
  | {
      readonly kind: "model";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** The bytes that the client would have had, in base64: a stream as it was. */
      readonly body: string;
    };

/** The bytes of an answer that are kept at most, for a client that comes again. */
export const KEPT_BYTES_MAX = 8 * 1024 * 1024;

/** An answer of a model as it came. */
interface Came {
  /** Null: none. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: readonly Uint8Array[];
  /** Of all of it, kept or not. */
  readonly bytes: number;
}

/** What the client of a parked model call had, or would have had; null: it was never sent. */
export function modelAnswer(
  outcome: Outcome["kind"],
  { bytes, chunks, headers, status }: Came,
): StoredAnswer | null {
  if (outcome === "dropped") return null;
  const isWhole = outcome === "ok" || outcome === "error" || (status !== null && status >= 400);
  if (!isWhole || bytes > KEPT_BYTES_MAX) return LOST;
  const body = Buffer.concat(chunks).toString("base64");
  return { kind: "model", status: status ?? 0, headers, body };
}

const LOST: StoredAnswer = {
  kind: "refused",
  denial: deny("provider.timeout", { because: "its answer was lost on the way; it may be billed" }),
};

export function answerText(answer: StoredAnswer): string {
  return JSON.stringify(answer);
}

/** Of a text that `answerText` made: nobody else can have sealed it. */
export function answerOf(text: string): StoredAnswer {
  // `as`: the seal says that we made it, and every version of ours made it like this.
  return JSON.parse(text) as StoredAnswer;
}

/** What a parked or named call was answered, kept for whoever asks for it again. */
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

/** What the client of a model call had, or would have had. */
export function modelAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  chunks: readonly Uint8Array[],
): StoredAnswer {
  return { kind: "model", status, headers, body: Buffer.concat(chunks).toString("base64") };
}

export function lostAnswer(): StoredAnswer {
  const because = "its answer was lost on the way; it may be billed";
  return { kind: "refused", denial: deny("provider.timeout", { because }) };
}

export function answerText(answer: StoredAnswer): string {
  return JSON.stringify(answer);
}

/** Of a text that `answerText` made: nobody else can have sealed it. */
export function answerOf(text: string): StoredAnswer {
  // `as`: the seal says that we made it, and every version of ours made it like this.
  return JSON.parse(text) as StoredAnswer;
}

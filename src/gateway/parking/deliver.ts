/** Hands over an answer that was kept: it was given before, or came while nobody waited for it. */
import { type Call, originOf } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { sendRefusal } from "../refuse.ts";
import { answerOf, type StoredAnswer } from "./answer.ts";

export interface Kept {
  /** What it was sealed for: the parked call, or the id that names it. */
  readonly of: string;
  readonly answer: Uint8Array;
}

/** What was handed over. */
export function deliver(call: Call, kept: Kept, gateway: Gateway): StoredAnswer {
  const answer = answerOf(gateway.seal.open(kept.of, kept.answer));
  const { decision, taskName } = call.incoming;
  const headers = {
    "x-slipclutch-decision": decision,
    "x-slipclutch-task": encodeURI(taskName.id),
  };
  if (call.kind === "model") deliverModel(call, answer, headers);
  else deliverTool(call, answer, headers);
  return answer;
}

function deliverTool(
  { desk, incoming }: Extract<Call, { kind: "tool" }>,
  answer: StoredAnswer,
  own: Readonly<Record<string, string>>,
): void {
  switch (answer.kind) {
    case "result":
      return desk.answer(answer.result, own);
    case "refused":
      return desk.refuse(answer.denial, originOf(incoming), {});
    case "model":
      throw new Error("a tool call was answered with a model's words");
  }
}

function deliverModel(
  { incoming }: Extract<Call, { kind: "model" }>,
  answer: StoredAnswer,
  own: Readonly<Record<string, string>>,
): void {
  const { response } = incoming;
  if (answer.kind === "result") throw new Error("a model call was answered with a tool's result");
  if (answer.kind === "refused") return sendRefusal(response, answer.denial, originOf(incoming));
  if (response.destroyed) return;
  const body = Buffer.from(answer.body, "base64");
  response.writeHead(answer.status, { ...answer.headers, ...own, "content-length": body.length });
  response.end(body);
}

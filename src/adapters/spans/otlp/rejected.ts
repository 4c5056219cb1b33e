/** How many of the spans that a collector took it says that it did not keep. */
import type { Protocol } from "./request.ts";

/** An answer that cannot be read says nothing. */
export function rejectedIn(answer: Buffer, protocol: Protocol): number {
  return protocol === "http/json" ? inJson(answer) : inProtobuf(answer);
}

function inJson(answer: Buffer): number {
  if (answer.length === 0) return 0;
  try {
    const parsed: unknown = JSON.parse(answer.toString("utf8"));
    const partial = memberOf(parsed, "partialSuccess");
    return atLeastZero(Number(memberOf(partial, "rejectedSpans") ?? 0));
  } catch {
    // It took them, and what it says beside that matters to nobody's calls.
    return 0;
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  // `as`: any object may be asked for any name.
  return (value as Record<string, unknown>)[name];
}

const PARTIAL_SUCCESS = 0x0a;
const REJECTED_SPANS = 0x08;
const MORE = 0x80;
const DIGIT = 0x7f;
const DIGITS_MAX = 5;

/** `{ 1: { 1: rejected } }`: what is rejected is written first, where there is any. */
function inProtobuf(answer: Buffer): number {
  if (answer[0] !== PARTIAL_SUCCESS || answer.length < 2) return 0;
  // The length of what follows is one byte, or two where a message follows that has words in it.
  const inner = (answer[1] ?? 0) >= MORE ? 3 : 2;
  if (answer[inner] !== REJECTED_SPANS) return 0;
  let rejected = 0;
  for (let digit = 0; digit < DIGITS_MAX; digit += 1) {
    const byte = answer[inner + 1 + digit] ?? 0;
    rejected += (byte & DIGIT) * 2 ** (7 * digit);
    if (byte < MORE) break;
  }
  return rejected;
}

function atLeastZero(value: number): number {
  return Number.isInteger(value) && value > 0 ? value : 0;
}

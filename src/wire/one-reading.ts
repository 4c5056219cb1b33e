/**
 * Whether there is only one way to read what may carry a call of a tool. What we decide is what we
 * have read; a client that reads another call would run one that nobody has decided.
 */
import { isDenial } from "../guards/verdict.ts";
import { dataOf } from "./event-stream.ts";
import { isObject, type JsonObject, parseObject, parseOrNothing } from "./json.ts";
import { decode } from "./utf8.ts";

/** Deeper than any answer with arguments in it; to write out much deeper ones breaks the stack. */
const DEPTH_MAX = 128;
/** Of UTF-8. Before a line some clients skip it, and others skip the line. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

export interface ReadFrame {
  readonly root: JsonObject | null;
  /** False: it may carry a call, and two clients may read two. */
  readonly isClear: boolean;
}

/** `mayCall`: finds what a frame with a call has in it, escapes among them. */
export function readFrame(frame: Uint8Array, mayCall: RegExp): ReadFrame {
  const data = dataOf(frame);
  const parsed = parseOrNothing(data);
  const root = isObject(parsed) ? parsed : null;
  if (!mayCall.test(decode(frame))) return { root, isClear: true };
  const isMarked = BYTE_ORDER_MARK.every((byte, at) => frame[at] === byte);
  return { root, isClear: !isMarked && isClearObject(data) };
}

/** An object without a key that is given twice, and no deeper than can be written out again. */
export function isClearObject(text: string): boolean {
  return !isDenial(parseObject(text, DEPTH_MAX));
}

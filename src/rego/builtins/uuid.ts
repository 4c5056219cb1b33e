/** What can be read from a UUID. */
import { hexBytes } from "../formats/hex.ts";
import { utf8Length } from "../formats/utf8.ts";
import { wholeNumberOf } from "../values/number.ts";
import { objectOf, type Value } from "../values/value.ts";
import { type Builtins, text } from "./builtin.ts";

export const UUID: Builtins = {
  "uuid.parse": (operands) => {
    const digits = digitsOf(text(operands, 1));
    return digits === undefined ? undefined : described(hexBytes(digits));
  },
};

const DASHED = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Plain, dashed, as a URN, or between any two characters, which are taken for braces. */
function digitsOf(text: string): string | undefined {
  if (/^[0-9a-f]{32}$/i.test(text)) return text;
  const dashed = inner(text);
  return DASHED.test(dashed) ? dashed.replaceAll("-", "") : undefined;
}

function inner(text: string): string {
  if (text.length === 45 && /^urn:uuid:/i.test(text)) return text.slice(9);
  return utf8Length(text) === 38 ? text.slice(1, -1) : text;
}

function described(bytes: Uint8Array): Value {
  const version = byteAt(bytes, 6) >> 4;
  const described: [Value, Value][] = [
    ["version", version],
    ["variant", variantOf(byteAt(bytes, 8))],
  ];
  if (version === 1 || version === 2) described.push(...timeBased(bytes));
  if (version === 2) described.push(...security(bytes));
  return objectOf(described);
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function variantOf(byte: number): string {
  if ((byte & 0xc0) === 0x80) return "RFC4122";
  if ((byte & 0xe0) === 0xc0) return "Microsoft";
  return (byte & 0xe0) === 0xe0 ? "Future" : "Reserved";
}

/** Hundreds of nanoseconds from the Gregorian calendar, 1582-10-15, to 1970. */
const GREGORIAN_TICKS = 0x01b2_1dd2_1381_4000n;

function timeBased(bytes: Uint8Array): [Value, Value][] {
  const high = wholeAt(bytes, 6, 2) & 0x0fffn;
  const ticks = (high << 48n) | (wholeAt(bytes, 4, 2) << 32n) | wholeAt(bytes, 0, 4);
  const node = Array.from(bytes.subarray(10), (byte) => byte.toString(16).padStart(2, "0"));
  return [
    ["time", wholeNumberOf(BigInt.asIntN(64, (ticks - GREGORIAN_TICKS) * 100n))],
    ["nodeid", node.join("-")],
    ["macvariables", addressKind(byteAt(bytes, 10))],
    ["clocksequence", ((byteAt(bytes, 8) & 0x3f) << 8) | byteAt(bytes, 9)],
  ];
}

function wholeAt(bytes: Uint8Array, at: number, size: number): bigint {
  let whole = 0n;
  for (const byte of bytes.subarray(at, at + size)) whole = (whole << 8n) | BigInt(byte);
  return whole;
}

function addressKind(first: number): string {
  return `${first & 2 ? "local" : "global"}:${first & 1 ? "multicast" : "unicast"}`;
}

const DOMAINS = ["Person", "Group", "Org"];

function security(bytes: Uint8Array): [Value, Value][] {
  const domain = byteAt(bytes, 9);
  return [
    ["id", Number(wholeAt(bytes, 0, 4))],
    ["domain", DOMAINS[domain] ?? `Domain${domain}`],
  ];
}

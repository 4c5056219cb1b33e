/** Durations such as `1h30m`, as Go reads them, and OPA's days, weeks and years. */
import { quoted } from "../values/text.ts";
import { quotedBytes } from "./quote.ts";

const UNIT_NANOS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

const UNIT_HOURS: ReadonlyMap<string, number> = new Map([
  ["d", 24],
  ["w", 168],
  ["y", 8_760],
]);

const OWN_UNITS = /[dwy]/;

const NANOS_MAX = 1n << 63n;

/** Nanoseconds. */
export function parseDuration(text: string): bigint {
  if (!OWN_UNITS.test(text)) return parseGoDuration(text, text);
  const sign = /^[-+]?/.exec(text)?.[0] ?? "";
  const segments = text.slice(sign.length);
  if (!/^(?:[0-9.]+(?:ms|us|µs|ns|[a-z]))+$/.test(segments)) throw invalid(text);
  const rewritten = segments.replace(/([0-9.]+)([dwy])(?![a-z])/g, (_, digits, unit) => {
    return `${hoursText(Number(digits) * (UNIT_HOURS.get(unit) ?? 0), text)}h`;
  });
  return parseGoDuration(sign + rewritten, text);
}

function invalid(text: string): Error {
  return problem("invalid duration", text);
}

/** Without an exponent, which durations do not have. */
function hoursText(hours: number, text: string): string {
  if (!Number.isFinite(hours) || hours >= 1e16) throw invalid(text);
  const plain = String(hours);
  return plain.includes("e") ? hours.toFixed(20) : plain;
}

const SEGMENT = /([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/y;

function parseGoDuration(text: string, original: string): bigint {
  const sign = text.startsWith("-") ? -1n : 1n;
  const rest = text.replace(/^[-+]/, "");
  if (rest === "0") return 0n;
  if (rest === "") throw invalid(original);
  let total = 0n;
  for (let at = 0; at < rest.length; ) {
    SEGMENT.lastIndex = at;
    const [segment = "", whole = "", fraction = "", unit = ""] = SEGMENT.exec(rest) ?? [];
    if (whole === "" && fraction === "") throw invalid(original);
    total += nanosOf({ whole, fraction }, unit, original);
    if (total > NANOS_MAX) throw invalid(original);
    at += segment.length;
  }
  if (total === NANOS_MAX && sign > 0n) throw invalid(original);
  return sign * total;
}

interface Amount {
  readonly whole: string;
  readonly fraction: string;
}

function nanosOf({ whole, fraction }: Amount, name: string, original: string): bigint {
  if (name === "") throw problem("missing unit in duration", original);
  const unit = UNIT_NANOS.get(name);
  if (unit === undefined) {
    throw problem(`unknown unit ${quotedBytes(name)} in duration`, original);
  }
  const nanos = BigInt(whole) * unit;
  if (nanos > NANOS_MAX) throw invalid(original);
  return nanos + fractionNanos(fraction, unit);
}

/** In doubles, whose roundings can be seen; of as many digits as 63 bits hold. */
function fractionNanos(fraction: string, unit: bigint): bigint {
  let digits = 0;
  let value = 0n;
  for (; digits < fraction.length && value <= (NANOS_MAX - 1n) / 10n; digits += 1) {
    const next = value * 10n + BigInt(fraction.charAt(digits));
    if (next > NANOS_MAX) break;
    value = next;
  }
  return BigInt(Math.trunc(Number(value) * (Number(unit) / 10 ** digits)));
}

function problem(what: string, original: string): Error {
  // OPA says what it reads by itself in its own way.
  const shown = OWN_UNITS.test(original) ? quoted(original) : quotedBytes(original);
  return new Error(`time: ${what} ${shown}`);
}

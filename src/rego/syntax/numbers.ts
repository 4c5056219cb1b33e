/** Numbers as they stand in a text. */
import { Decimal, isNumberText, numberOf } from "../values/number.ts";
import type { Value } from "../values/value.ts";
import type { Position, Term } from "./ast.ts";
import type { Parser } from "./parser.ts";

/** The token after the sign; `.5` is 0.5. */
export function number(parser: Parser, start: { at: Position; sign: string }): Term {
  const fraction = parser.takes(".");
  const { kind, text } = parser.token;
  if (kind !== "number") throw parser.unexpected("expected number");
  if (!fraction && !isNumberText(text)) {
    throw parser.unexpected("expected number without leading zero");
  }
  const written = start.sign + (fraction ? `0.${text}` : text);
  if (!isNumberText(written)) throw parser.unexpected("invalid float");
  const value = numberOf(written);
  if (!isInRange(value)) throw parser.error("number too big");
  parser.advance();
  return { kind: "scalar", at: start.at, value };
}

/** First digits and magnitude (0.DIGITS × 10^magnitude) of 2^100000 and of 2^-100001. */
const TOO_LARGE = { digits: "99900209301438450794", magnitude: 30_103 } as const;
const TOO_SMALL = { digits: "50049945189934708340", magnitude: -30_103 } as const;

/** Of a zero, whose exponent means nothing: what OPA's parser holds in 64 bits. */
const ZERO_EXPONENT_DIGITS_MAX = 18;

/** OPA's range: an exponent of base 2 with at most the size of 100,000. */
function isInRange(value: Value): boolean {
  if (!(value instanceof Decimal)) return true;
  const { digits, magnitude, text } = value;
  if (digits === "") {
    const [, exponent = ""] = /[eE][+-]?0*([0-9]*)$/.exec(text) ?? [];
    return exponent.length <= ZERO_EXPONENT_DIGITS_MAX;
  }
  if (magnitude === TOO_LARGE.magnitude) return digits < TOO_LARGE.digits;
  if (magnitude === TOO_SMALL.magnitude) return digits > TOO_SMALL.digits;
  return magnitude < TOO_LARGE.magnitude && magnitude > TOO_SMALL.magnitude;
}

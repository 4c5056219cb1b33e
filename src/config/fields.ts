/**
 * The types that fields of the guardrails folder have. A message of the form "expected\nhint" is
 * what `issues.ts` shows when the value does not fit.
 */
import { z } from "zod";
import type { Millis } from "../guards/money.ts";
import { scaled } from "./decimal.ts";

/** Longest identifier: it is a label of metrics and a key of the store. */
export const ID_CHARACTERS_MAX = 128;
/** Longest list or map in one file. */
export const ENTRIES_MAX = 10_000;
/** Longest duration; a longer one is a slip of the unit. */
export const DURATION_DAYS_MAX = 3650;
/** Above it the store's 64-bit count of nano-USD could overflow. */
export const USD_MAX = "9200000000";
/** More tokens than any model takes or gives. */
export const TOKENS_MAX = 100_000_000;
/** Longest text of a secret or a URL. */
export const TEXT_MAX = 8192;

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,12})(ms|s|m|h|d)$/;
const NANO_PLACES = 9;
/** Control, format and separator characters could make two different ids look the same. */
const ID = /^(?! )(?!.* $)[^\p{C}\p{Zl}\p{Zp}]+$/u;

/** An object that refuses keys it does not know, and names those it does for the hint. */
export function strict<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = `known:${Object.keys(shape).join(",")}`;
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? known : undefined),
  });
}

/** "30s", "10m", "24h", "1d", "500ms" → milliseconds; null for anything else. */
export function parseDuration(text: string): Millis | null {
  const match = DURATION.exec(text);
  if (!match) return null;
  // The pattern admits exactly the units of the table.
  const unit = UNIT_MS[match[2] as keyof typeof UNIT_MS];
  const length = Number(match[1]) * unit;
  return length <= DURATION_DAYS_MAX * UNIT_MS.d ? length : null;
}

/** A length of time, of at least `minMs` and at most `most`, which is written like one. */
export function duration(minMs: Millis = 0, most = `${DURATION_DAYS_MAX}d`) {
  const least = minMs === 0 ? "" : ` of at least ${minMs} ms`;
  const message = `a duration${least} like 500ms, 30s, 10m, 24h or 1d\nWrite a whole number and its unit, at most ${most}.`;
  const maxMs = parseDuration(most) ?? 0;
  return z
    .string({ error: message })
    .regex(DURATION, { error: message })
    .transform((text, context) => {
      const length = parseDuration(text);
      if (length !== null && length >= minMs && length <= maxMs) return length;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    });
}

const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;
const INSTANT_MESSAGE =
  'a day or a moment like "2026-12-31" or "2026-12-31T09:00:00Z"\nA day begins at midnight UTC; a moment says its zone.';

/** A moment; a day alone is its beginning, in UTC. */
export const instant = z
  .string({ error: INSTANT_MESSAGE })
  .regex(INSTANT, { error: INSTANT_MESSAGE })
  .transform((text, context): Millis => {
    const at = Date.parse(text);
    // `Date` takes the 31st of February for a day in March.
    const day = Date.parse(text.slice(0, 10));
    const isDay = !Number.isNaN(day) && new Date(day).toISOString().startsWith(text.slice(0, 10));
    if (!Number.isNaN(at) && isDay) return at;
    context.addIssue({ code: "custom", message: INSTANT_MESSAGE });
    return z.NEVER;
  });

/** An amount of USD, zero or more, exact to nano-USD → nano-USD. */
export const usd = amount(
  NANO_PLACES,
  USD_MAX,
  `an amount of USD from 0 to ${USD_MAX}, with at most 9 decimals, like 500 or "12.50"`,
);

/** More than is ever counted, and far below what a number holds exactly. */
const COUNT_MAX = "100000000000000";

/** Tokens or calls of a budget. */
export const tokensOrCalls = amount(
  0,
  COUNT_MAX,
  `a whole number from 0 to ${COUNT_MAX}, like 1000000`,
);

/** A rate in USD for a million tokens → pico-USD for one token. */
export const usdPerMillion = amount(
  6,
  "1000000",
  "USD for a million tokens, zero or more, with at most 6 decimals, like 2.50",
).transform(Number);

/** A fee in USD for one use → pico-USD. */
export const usdPerUse = amount(
  12,
  "1000",
  "USD for one use, from 0 to 1000, with at most 12 decimals, like 0.01",
).transform(Number);

/** The finest decimal that is read. */
const FINEST_PLACES = 18;
/** A price of more for one call or one unit is a slip of the unit. */
const TOOL_USD_MAX = "1000000";

/** A price of a tool in USD → nano-USD, rounded up: what is finer is never given away. */
export const usdRoundedUp = amount(
  FINEST_PLACES,
  TOOL_USD_MAX,
  `an amount of USD from 0 to ${TOOL_USD_MAX}, with at most ${FINEST_PLACES} decimals, like 0.006`,
).transform((value) => {
  const unit = 10n ** BigInt(FINEST_PLACES - NANO_PLACES);
  return Number((value + unit - 1n) / unit);
});

function amount(places: number, max: string, expected: string) {
  const message = `${expected}\nWrite a plain decimal; put it in quotes if it has more than 15 digits.`;
  const most = BigInt(max) * 10n ** BigInt(places);
  return z
    .union([z.number(), z.string()], { error: message })
    .transform((value, context): bigint => {
      const result = scaled(value, places);
      if (result !== null && result <= most) return result;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    });
}

/** A whole number within bounds. */
export function count(min: number, max: number) {
  const message = `a whole number from ${min} to ${max}`;
  return z.int({ error: message }).min(min, { error: message }).max(max, { error: message });
}

const ID_MESSAGE = `a name of 1 to ${ID_CHARACTERS_MAX} printable characters\nLeave out control and invisible characters and spaces at its ends.`;

/** The name of an agent, a budget, a provider, a model … */
export const id = z
  .string({ error: ID_MESSAGE })
  .regex(ID, { error: ID_MESSAGE })
  .max(ID_CHARACTERS_MAX, { error: ID_MESSAGE })
  // Two spellings of one name must be one name everywhere: as key, in files, on screens.
  .transform((text) => text.normalize("NFC"));

const ENDPOINT = /^(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):(\d{1,5})$/;
const ENDPOINT_MESSAGE = 'a host and a port like "127.0.0.1:4141" or "[::1]:4141"';

/** Where a listener listens. */
export const endpoint = z
  .string({ error: ENDPOINT_MESSAGE })
  .regex(ENDPOINT, { error: ENDPOINT_MESSAGE })
  .transform((text, context) => {
    const [, host = "", port = ""] = ENDPOINT.exec(text) ?? [];
    if (Number(port) <= 65_535) return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
    context.addIssue({ code: "custom", message: `${ENDPOINT_MESSAGE}\nA port is at most 65535.` });
    return z.NEVER;
  });

const HOST_NAME = /^(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$/;
const HOST_NAME_CHARS_MAX = 253;
const HOST_NAME_MESSAGE =
  'a name like "gateway.internal", without scheme, port or path\nLeave out what is around the name.';

/** The name of a machine; addresses have no need of this field. */
export const hostName = z
  .string({ error: HOST_NAME_MESSAGE })
  .regex(HOST_NAME, { error: HOST_NAME_MESSAGE })
  .max(HOST_NAME_CHARS_MAX, { error: HOST_NAME_MESSAGE })
  .transform((name) => name.toLowerCase());

/** A text that is not empty: a secret, above all. */
export const text = z
  .string({ error: "a text" })
  .min(1, { error: "a text that is not empty" })
  .max(TEXT_MAX, { error: `a text of at most ${TEXT_MAX} characters` });

export const yesOrNo = z.boolean({ error: "true or false" });

/** Where a server is. */
export function serverUrl(example: string) {
  const message = `a URL like ${example}, without user, password, query or fragment`;
  return z
    .string({ error: message })
    .regex(/^https?:\/\/[^\s@?#]+$/, { error: message })
    .max(TEXT_MAX, { error: message })
    .refine((value) => URL.canParse(value), { error: message });
}

const HEADER = "a header's name and value on one line";
/** A token of RFC 9110. */
export const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;

/** Extra headers for every request to a server. */
export const headers = z.record(
  z.string().regex(HEADER_NAME, { error: HEADER }),
  z
    .string({ error: HEADER })
    .regex(/^[\t\x20-\x7e]*$/, { error: HEADER })
    .max(TEXT_MAX, { error: HEADER }),
);

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  words: Words,
  later: Readonly<Record<string, string>> = {},
) {
  const quoted = words.map((word) => `"${word}"`);
  const expected = words.length > 1 ? `one of ${quoted.join(", ")}` : quoted.join();
  return z.enum(words, {
    error: ({ input }) => {
      const hint = typeof input === "string" && Object.hasOwn(later, input) ? later[input] : "";
      return hint ? `${expected}\n${hint}` : expected;
    },
  });
}

/** `version: 1` or `schema_version: v1`: the same thing, read in every file. */
export const VERSION_FIELDS = {
  version: z
    .literal(1, { error: "1\nThis version of Slipclutch reads `version: 1`." })
    .describe("Version of this file's format. `schema_version: v1` means the same.")
    .optional(),
  schema_version: z
    .literal("v1", { error: '"v1"\nThis version of Slipclutch reads `schema_version: v1`.' })
    .describe("Means the same as `version: 1`.")
    .optional(),
};

const PATTERN_MESSAGE = `an agent's id of at most ${ID_CHARACTERS_MAX} characters, where * stands for any text`;

/** Agents by their ids, as `fits` reads it. */
export const agentPattern = z
  .string({ error: PATTERN_MESSAGE })
  .min(1, { error: PATTERN_MESSAGE })
  .max(ID_CHARACTERS_MAX, { error: PATTERN_MESSAGE })
  .transform((written) => written.normalize("NFC"));

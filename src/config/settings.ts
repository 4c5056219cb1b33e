/** What slipclutch.yaml says of the process itself: listeners, store, key, limits, parking. */
import type { RawParking } from "./clutch-schema.ts";
import type {
  InputSettings,
  Issue,
  Listeners,
  ParkingSettings,
  ProcessLimits,
  StoreSettings,
} from "./configuration.ts";
import { issueAt } from "./issues.ts";
import type { RawSlipclutch } from "./schema.ts";
import type { Source } from "./source.ts";

const GRACE_MS = 10_000;
const EXPIRY_MS = 12_000;
/** Two monotonic clocks may drift apart by a thousandth each; a second is for the message. */
const DRIFT = 1.002;
const MARGIN_MS = 1_000;
const KEY_BYTES = 32;
const KEEP_ANSWERS_MS = 3_600_000;
/** Two weeks: long enough to see every weekday twice. */
const REPLAY_MS = 14 * 24 * 3_600_000;
const MEBIBYTE = 1024 * 1024;

/** Where the gateway listens; by default only this machine reaches it. */
export function listenersOf(raw: RawSlipclutch["listeners"]): Listeners {
  return {
    agent: raw?.agent ?? { host: "127.0.0.1", port: 4141 },
    control: raw?.control ?? { host: "127.0.0.1", port: 4142 },
    controlUrl: raw?.control_url?.replace(/\/+$/, "") ?? null,
    agentHosts: raw?.agent_hosts ?? [],
  };
}

/** Limits of one gateway process. */
export function processLimitsOf(raw: RawSlipclutch["limits"]): ProcessLimits {
  return {
    maxRequestBytes: raw?.max_request_bytes ?? 16 * MEBIBYTE,
    callsInFlightMax: raw?.calls_in_flight_max ?? 1000,
    requestMs: raw?.request_timeout ?? 30_000,
  };
}

/** What calls asked, kept beside the journal. */
export function inputsOf(raw: RawSlipclutch["journal"]): InputSettings {
  return { of: raw?.inputs ?? "observed", keepMs: raw?.replay_for ?? REPLAY_MS };
}

/** How calls wait while their agent is paused. */
export function parkingOf(raw: RawParking | undefined): ParkingSettings {
  return {
    holdMs: raw?.hold_for ?? null,
    keepAlive: raw?.keep_alive ?? "auto",
    keepAnswersMs: raw?.keep_answers_for ?? KEEP_ANSWERS_MS,
    limits: {
      callsPerAgent: raw?.max_calls_per_agent ?? 10_000,
      callsPerTask: raw?.max_calls_per_task ?? 1_000,
      bytesPerAgent: raw?.max_bytes_per_agent ?? 256 * MEBIBYTE,
    },
  };
}

/** The store and its two times, of which the second must be safely after the first. */
export function storeOf(
  raw: RawSlipclutch["store"],
  source: Source,
): { readonly store: StoreSettings; readonly issues: readonly Issue[] } {
  const { url = "embedded", grace, expiry } = typeof raw === "object" ? raw : { url: raw };
  const graceMs = grace ?? GRACE_MS;
  const least = Math.ceil(graceMs * DRIFT) + MARGIN_MS;
  const expiryMs = expiry ?? Math.max(EXPIRY_MS, least);
  const store = { url: url === "embedded" ? null : url, graceMs, expiryMs };
  if (expiryMs >= least) return { store, issues: [] };
  const expected = `an expiry of at least ${least} ms (grace × 1.002 + 1 s)`;
  const hint = `A gateway must have stopped itself before others take its money: set ${least}ms.`;
  return { store, issues: [issueAt(source, ["store", "expiry"], expected, hint)] };
}

/** 32 bytes in hex; required where more than one gateway reads what was encrypted. */
export function encryptionKeyOf(
  raw: string | undefined,
  store: StoreSettings,
  source: Source,
): { readonly key: string | null; readonly issues: readonly Issue[] } {
  const expected = "32 bytes as 64 hexadecimal digits or in base64";
  const at = (hint: string) => [issueAt(source, ["encryption_key"], expected, hint)];
  if (raw === undefined) {
    const hint = `With PostgreSQL add encryption_key: \${NAME}; \`openssl rand -hex 32\` makes one.`;
    return { key: null, issues: store.url === null ? [] : at(hint) };
  }
  if (/^[0-9a-fA-F]{64}$/.test(raw)) return { key: raw.toLowerCase(), issues: [] };
  const bytes = Buffer.from(raw, "base64");
  const canonical = bytes.toString("base64").replace(/=+$/, "") === raw.replace(/=+$/, "");
  if (canonical && bytes.length === KEY_BYTES) return { key: bytes.toString("hex"), issues: [] };
  return { key: null, issues: at("`openssl rand -hex 32` makes one.") };
}

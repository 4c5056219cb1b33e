/**
 * The standard `OTEL_*` variables, as far as traces need them. Platforms set them for every process
 * they start, so a value that cannot be used is remarked on and keeps no gateway from starting.
 */
import type { Millis } from "../guards/money.ts";
import type { Environment } from "./environment.ts";

export interface OpenTelemetry {
  readonly url: string;
  readonly protocol: "http/json" | "http/protobuf";
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  readonly timeoutMs: Millis;
  readonly delayMs: Millis;
  readonly batchMax: number;
  readonly queueMax: number;
  /** Attributes of the process. */
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: { readonly followsParent: boolean; readonly share: number };
}

export interface ReadOpenTelemetry {
  /** Null: there are no traces. */
  readonly settings: OpenTelemetry | null;
  readonly remarks: readonly string[];
}

const PATH = "v1/traces";
const TIMEOUT = { usual: 10_000, max: 600_000 };
const DELAY = { usual: 5_000, max: 600_000 };
const BATCH = { usual: 512, max: 8_192 };
const QUEUE = { usual: 2_048, max: 100_000 };
const PAIRS_MAX = 128;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;
/** The connection's and the body's own. */
const FIXED: ReadonlySet<string> = new Set([
  ...["connection", "content-encoding", "content-length", "content-type", "expect", "host"],
  ...["keep-alive", "te", "trailer", "transfer-encoding", "upgrade"],
]);
const SAMPLERS: Readonly<Record<string, { followsParent: boolean; share: number | null }>> = {
  always_on: { followsParent: false, share: 1 },
  always_off: { followsParent: false, share: 0 },
  traceidratio: { followsParent: false, share: null },
  parentbased_always_on: { followsParent: true, share: 1 },
  parentbased_always_off: { followsParent: true, share: 0 },
  parentbased_traceidratio: { followsParent: true, share: null },
};
const USUAL_SAMPLER = "parentbased_always_on";

export function openTelemetryOf(environment: Environment): ReadOpenTelemetry {
  return new Reader(environment).read();
}

class Reader {
  readonly #environment: Environment;
  readonly #remarks: string[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  read(): ReadOpenTelemetry {
    const url = this.#isOff() ? null : this.#url();
    const protocol = url === null ? null : this.#protocol();
    const settings = url === null || protocol === null ? null : this.#settings(url, protocol);
    return { settings, remarks: this.#remarks };
  }

  #settings(url: string, protocol: OpenTelemetry["protocol"]): OpenTelemetry {
    const queueMax = this.#number("OTEL_BSP_MAX_QUEUE_SIZE", 1, QUEUE);
    const batchMax = this.#number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, BATCH);
    return {
      ...{ url, protocol, queueMax, batchMax: Math.min(batchMax, queueMax) },
      headers: this.#headers(),
      gzip: this.#gzip(),
      timeoutMs: this.#number(this.#named("TIMEOUT"), 1, TIMEOUT),
      delayMs: this.#number("OTEL_BSP_SCHEDULE_DELAY", 0, DELAY),
      resource: this.#resource(),
      sampler: this.#sampler(),
    };
  }

  /** An empty one is as if it were not set. */
  #value(name: string): string | null {
    return this.#environment[name]?.trim() || null;
  }

  /** What is said of traces alone goes before what is said of all signals. */
  #named(what: string): string {
    const own = `OTEL_EXPORTER_OTLP_TRACES_${what}`;
    return this.#value(own) === null ? `OTEL_EXPORTER_OTLP_${what}` : own;
  }

  #isOff(): boolean {
    if (this.#value("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return true;
    const exporters = (this.#value("OTEL_TRACES_EXPORTER") ?? "otlp").split(",");
    const known = exporters.map((one) => one.trim());
    if (known.includes("otlp")) return false;
    if (!known.includes("none")) this.#off("OTEL_TRACES_EXPORTER", "otlp or none");
    return true;
  }

  #url(): string | null {
    const own = this.#value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    const all = this.#value("OTEL_EXPORTER_OTLP_ENDPOINT");
    const name =
      own === null ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    const written = own ?? all;
    if (written === null) return null;
    if (!/^https?:\/\//.test(written) || !URL.canParse(written)) {
      this.#off(name, "a URL that begins with http:// or https://");
      return null;
    }
    return own ?? `${written.replace(/\/+$/, "")}/${PATH}`;
  }

  #protocol(): OpenTelemetry["protocol"] | null {
    const name = this.#named("PROTOCOL");
    const written = this.#value(name) ?? "http/protobuf";
    if (written === "http/protobuf" || written === "http/json") return written;
    this.#off(name, "http/protobuf or http/json");
    return null;
  }

  #headers(): Readonly<Record<string, string>> {
    const name = this.#named("HEADERS");
    const headers: Record<string, string> = {};
    for (const [key, value] of this.#pairs(name)) {
      const header = key.toLowerCase();
      if (HEADER_NAME.test(header) && HEADER_VALUE.test(value) && !FIXED.has(header)) {
        headers[header] = value;
      } else {
        this.#skipped(name, `a header that cannot be sent: ${header.slice(0, 40)}`);
      }
    }
    return headers;
  }

  #gzip(): boolean {
    const name = this.#named("COMPRESSION");
    const written = this.#value(name) ?? "none";
    if (written !== "gzip" && written !== "none") this.#unusable(name, "gzip or none", "none");
    return written === "gzip";
  }

  #resource(): Readonly<Record<string, string>> {
    const given = Object.fromEntries(this.#pairs("OTEL_RESOURCE_ATTRIBUTES"));
    const name = this.#value("OTEL_SERVICE_NAME");
    return name === null ? given : { ...given, "service.name": name };
  }

  #sampler(): OpenTelemetry["sampler"] {
    const name = "OTEL_TRACES_SAMPLER";
    const written = this.#value(name) ?? USUAL_SAMPLER;
    const known = SAMPLERS[written];
    if (known === undefined) {
      this.#unusable(name, `one of ${Object.keys(SAMPLERS).join(", ")}`, USUAL_SAMPLER);
      return { followsParent: true, share: 1 };
    }
    return { followsParent: known.followsParent, share: known.share ?? this.#share() };
  }

  #share(): number {
    const name = "OTEL_TRACES_SAMPLER_ARG";
    const written = this.#value(name);
    if (written === null) return 1;
    const share = Number(written);
    if (share >= 0 && share <= 1) return share;
    this.#unusable(name, "a number from 0 to 1", "1");
    return 1;
  }

  #number(name: string, min: number, { max, usual }: { usual: number; max: number }): number {
    const written = this.#value(name);
    if (written === null) return usual;
    const value = Number(written);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    this.#unusable(name, `a whole number from ${min} to ${max}`, String(usual));
    return usual;
  }

  /** `a=b,c=d`, with percent signs for what has a meaning there. */
  #pairs(name: string): readonly (readonly [string, string])[] {
    const found: [string, string][] = [];
    for (const pair of (this.#value(name) ?? "").split(",").slice(0, PAIRS_MAX)) {
      if (pair.trim() === "") continue;
      const at = pair.indexOf("=");
      const [key, value] = [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))];
      if (at > 0 && key && value !== null) found.push([key, value]);
      else this.#skipped(name, "a pair that is not NAME=VALUE");
    }
    return found;
  }

  /** Without the value: it may be a secret. */
  #off(name: string, expected: string): void {
    this.#remarks.push(`${name} is to be ${expected}: no traces are sent.`);
  }

  #unusable(name: string, expected: string, usual: string): void {
    this.#remarks.push(`${name} is to be ${expected}: ${usual} holds instead.`);
  }

  #skipped(name: string, what: string): void {
    this.#remarks.push(`${name} has ${what}: it is left out.`);
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    // A percent sign that begins nothing: what was meant is not known.
    return null;
  }
}

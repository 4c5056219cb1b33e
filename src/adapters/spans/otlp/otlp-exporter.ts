/**
 * Spans to a collector, in batches, by OTLP over HTTP. Nothing waits for it: spans stand in a queue
 * that has an end, and past that they are dropped and counted.
 *
 *   queue ──full batch, or after a while──► one request at a time ──► taken
 *                                             │                  └──► rejected: dropped
 *                                             └─no answer─► again, later each time, then dropped
 */
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Remarks } from "../../../ports/remarks.ts";
import type { Attributes, Fate, Span, SpanSink } from "../../../ports/spans.ts";
import { jsonOf } from "./json.ts";
import { protobufOf } from "./protobuf.ts";
import { rejectedIn } from "./rejected.ts";
import type { Export, Protocol } from "./request.ts";
import { type Road, send } from "./send.ts";

export interface OtlpSettings {
  readonly url: string;
  readonly protocol: Protocol;
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  /** Of one request. */
  readonly timeoutMs: Millis;
  /** A span waits at most so long for others to go with it. */
  readonly delayMs: Millis;
  readonly batchMax: number;
  readonly queueMax: number;
  readonly resource: Attributes;
  readonly scope: Export["scope"];
  readonly schemaUrl: string;
}

/** How often one batch is sent; then it makes room for newer ones. */
const ATTEMPTS_MAX = 5;
const FIRST_AGAIN_MS: Millis = 1_000;
const LAST_AGAIN_MS: Millis = 30_000;
/** A stop does not wait longer for a collector. */
const CLOSE_MS: Millis = 5_000;

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Remarks;
  readonly count: (fate: Fate, spans: number) => void;
}

export class OtlpExporter implements SpanSink {
  readonly #settings: OtlpSettings;
  readonly #around: Surroundings;
  #queue: Span[] = [];
  #cancel: (() => void) | null = null;
  #sending: Promise<void> | null = null;
  #wake: () => void = () => {};
  #isAway = false;
  /** Monotonic; null: it is not stopping. */
  #until: Millis | null = null;

  constructor(settings: OtlpSettings, around: Surroundings) {
    this.#settings = settings;
    this.#around = around;
  }

  take(span: Span): void {
    const { batchMax, delayMs, queueMax } = this.#settings;
    if (this.#until !== null || this.#queue.length >= queueMax) {
      return this.#around.count("no-room", 1);
    }
    this.#queue.push(span);
    if (this.#queue.length >= batchMax) return this.#begin();
    this.#cancel ??= this.#around.clock.after(delayMs, () => this.#begin());
  }

  async close(): Promise<void> {
    const { clock, count } = this.#around;
    this.#until = clock.monotonic() + CLOSE_MS;
    let cancel: () => void = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(CLOSE_MS, resolve);
    });
    this.#wake();
    this.#begin();
    await Promise.race([this.#sending, late]);
    cancel();
    if (this.#queue.length > 0) count("unreachable", this.#queue.length);
    this.#queue = [];
  }

  #begin(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
  }

  /** One batch after the other, until less than one waits. */
  async #sendAll(): Promise<void> {
    const { batchMax, delayMs } = this.#settings;
    do {
      await this.#sendBatch(this.#queue.splice(0, batchMax));
    } while (this.#queue.length >= batchMax || (this.#until !== null && this.#queue.length > 0));
    if (this.#queue.length > 0) {
      this.#cancel ??= this.#around.clock.after(delayMs, () => this.#begin());
    }
  }

  /** Never rejects: what cannot be written is lost, and no more than that. */
  async #sendBatch(spans: readonly Span[]): Promise<void> {
    if (spans.length === 0) return;
    try {
      await this.#tryBatch(spans);
    } catch (error) {
      this.#around.log.warn("spans could not be sent", { error });
      this.#around.count("rejected", spans.length);
    }
  }

  async #tryBatch(spans: readonly Span[]): Promise<void> {
    const { clock, count } = this.#around;
    const [road, body] = [this.#road(), this.#bodyOf(spans)];
    let waitMs = FIRST_AGAIN_MS;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const answered = await send(body, road, clock);
      if (answered.kind === "taken") return this.#taken(spans.length, answered.body);
      this.#failed(answered.why);
      if (answered.kind === "rejected") return count("rejected", spans.length);
      if (this.#until !== null || attempt === ATTEMPTS_MAX) break;
      await this.#pause(Math.min(answered.afterMs ?? waitMs, LAST_AGAIN_MS));
      waitMs = Math.min(waitMs * 2, LAST_AGAIN_MS);
    }
    count("unreachable", spans.length);
  }

  #taken(spans: number, answer: Buffer): void {
    const { count, log } = this.#around;
    if (this.#isAway) log.info("traces go to their collector again", {});
    this.#isAway = false;
    const rejected = Math.min(rejectedIn(answer, this.#settings.protocol), spans);
    if (rejected > 0) count("rejected", rejected);
    count("exported", spans - rejected);
  }

  /** Said once for each time that it is away. */
  #failed(why: string): void {
    if (this.#isAway) return;
    this.#isAway = true;
    // Not the whole URL: what follows its host may be a secret.
    const { host } = new URL(this.#settings.url);
    const message = "the collector of traces takes nothing; calls go on, spans may be lost";
    this.#around.log.warn(message, { host, because: why });
  }

  /** Ended early by a stop. */
  #pause(ms: Millis): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#around.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #road(): Road {
    const { gzip, headers, protocol, timeoutMs, url } = this.#settings;
    const contentType = protocol === "http/json" ? "application/json" : "application/x-protobuf";
    const left = this.#until === null ? timeoutMs : this.#until - this.#around.clock.monotonic();
    return { url, headers, gzip, contentType, timeoutMs: Math.max(1, Math.min(timeoutMs, left)) };
  }

  #bodyOf(spans: readonly Span[]): Buffer {
    const { protocol, resource, schemaUrl, scope } = this.#settings;
    const all = { resource, schemaUrl, scope, spans };
    return protocol === "http/json" ? Buffer.from(jsonOf(all)) : protobufOf(all);
  }
}

/**
 * The answer on its way back. A stream is relayed as it comes, frame by frame only where it can
 * matter; a whole answer is kept until it is complete, so that garbage and half answers become a
 * clear refusal instead of a success with holes in it.
 *
 *   waiting ──head──► streaming | gathering ──end──► settled
 *      └────────────── fail, cut, client gone ───────────┘
 */
import type { ServerResponse } from "node:http";
import type { Outcome } from "../guards/budget/settle.ts";
import type { Millis } from "../guards/money.ts";
import type { Denial } from "../guards/verdict.ts";
import type { Exchange, Fault, Sink } from "../ports/provider.ts";
import type { AnswerSummary, StreamReader } from "../wire/format.ts";
import { type Again, readerFor, type Screened, screen, screenStream } from "./answered/screen.ts";
import { isUndecided, withhold } from "./answered/too-late.ts";
import { joined } from "./body.ts";
import { type Admitted, originOf, type Seen } from "./call.ts";
import { Drain } from "./drain.ts";
import type { Gateway } from "./gateway.ts";
import { Outlet } from "./outlet.ts";
import { overrunOf } from "./overrun.ts";
import { KEPT_BYTES_MAX, modelAnswer, type StoredAnswer } from "./parking/answer.ts";
import { notSent } from "./parking/ends.ts";
import { faultDenial, unreachable } from "./provider-fault.ts";
import { breakOff, record, sendRefusal } from "./refuse.ts";
import { ownHeaders } from "./remaining.ts";
import { answerHeaders } from "./response-headers.ts";
import type { Recording } from "./transcripts/recording.ts";

/** A whole answer larger than this is not one of a model. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** Once for each call. `again`: what is asked in place of sending the answer on. */
type Done = (seen: Seen, again: Again | null) => void;

export class Relay implements Sink {
  readonly #admitted: Admitted;
  readonly #gateway: Gateway;
  readonly #response: ServerResponse;
  readonly #outlet: Outlet;
  readonly #done: Done;
  #exchange: Exchange | null = null;
  #reader: StreamReader | null = null;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #status: number | null = null;
  #headers: Readonly<Record<string, string>> = {};
  #firstByteAt: Millis | null = null;
  #refused: Denial | null = null;
  readonly #recording: Recording | null;
  #clientGone = false;
  #over = false;
  readonly #drain: Drain;

  constructor(admitted: Admitted, gateway: Gateway, done: Done) {
    this.#admitted = admitted;
    this.#gateway = gateway;
    this.#response = admitted.call.incoming.response;
    this.#outlet = new Outlet(this.#response, gateway.clock, () => this.#exchange);
    this.#done = done;
    this.#drain = new Drain(gateway);
    this.#recording = gateway.transcripts.recording(admitted.call);
    this.#response.on("close", this.#onClose);
  }

  follow(exchange: Exchange): void {
    this.#exchange = exchange;
    if (this.#clientGone && !this.#over) this.#abandon();
  }

  /** The client left before anything was sent on its behalf. */
  neverSent(): void {
    this.#drop(() => {});
    this.#finish("dropped", "client gone before the call was sent", null);
  }

  /** The check of the same synchronous stretch as the write: after it the call may be billed. */
  mayWrite(): boolean {
    const { manifest, taskName, tenure } = this.#admitted.call.incoming;
    const { clutches, holding } = this.#gateway;
    this.#refused = holding.refusal(tenure) ?? clutches.refusal(manifest.agent, taskName.id);
    return this.#refused === null && !this.#clientGone;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    this.#status = status;
    this.#headers = headers;
    this.#firstByteAt = this.#gateway.clock.monotonic();
    const type = (headers["content-type"] ?? "").toLowerCase();
    // An error is read whole, whatever it says it is.
    if (status >= 400 || !type.startsWith("text/event-stream")) return;
    this.#reader = readerFor(this.#admitted);
    if (this.#clientGone) return;
    const ours = answerHeaders(headers, ownHeaders(this.#admitted));
    this.#outlet.open({ status, headers: ours }, this.#admitted.call.round !== null);
  }

  data(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#reader === null) return this.#gather(chunk);
    let out: Uint8Array;
    try {
      out = this.#reader.push(chunk);
    } catch (error) {
      // The reader throws for one reason: a frame without an end.
      return this.#cut("garbage", unreachable(String(error)));
    }
    const overrun = overrunOf(this.#admitted, this.#reader, this.#bytes);
    if (overrun !== null) return this.#cut("overrun", overrun);
    if (out.length > 0) this.#send(out);
    const { held } = this.#reader;
    if (isUndecided(held)) return this.#cut("calls", withhold(this.#admitted, held, this.#gateway));
    if (held === "calls" && !this.#clientGone) this.#outlet.keepAlive();
  }

  end(): void {
    if (this.#over) return;
    const reader = this.#reader;
    if (reader === null) return this.#endWhole();
    const rest = reader.rest();
    const summary = reader.summary();
    // Most clients take a stream without its last frame for a whole answer.
    if (!summary.complete && summary.usage === null && summary.error === null) {
      return this.#cut("half", unreachable("the stream ended in the middle"));
    }
    const { held } = reader;
    if (isUndecided(held)) return this.#cut("calls", withhold(this.#admitted, held, this.#gateway));
    const mayAsk = summary.error === null && !this.#clientGone;
    const then = (screened: Screened) => this.#endStream(reader, rest, screened);
    screenStream(reader, { mayAsk, then }, this.#admitted, this.#gateway);
  }

  #endStream(reader: StreamReader, rest: Uint8Array, { ask, refused }: Screened): void {
    const summary = reader.summary();
    const out = joined([reader.release(refused), rest]);
    const kind = summary.error === null ? "ok" : "error";
    if (ask !== null) {
      const fallBack = () => void this.#response.end(out);
      return this.#finish(kind, null, summary, { text: ask, fallBack });
    }
    this.#keep(out);
    if (!this.#clientGone) this.#outlet.end(out);
    if (summary.error !== null && summary.textFrames > 0) {
      return this.#finish("fault", "error-frame", summary);
    }
    this.#finish(kind, null, summary);
  }

  fail(fault: Fault): void {
    if (this.#over) return;
    const kind = fault.written ? (this.#clientGone ? "aborted" : "fault") : "dropped";
    const denial = this.#refused ?? faultDenial(fault, this.#admitted.route.provider.rules.name);
    const tell = () => {
      if (!this.#response.destroyed) this.#tell(denial);
    };
    if (kind === "dropped") this.#drop(tell);
    else tell();
    this.#finish(kind, `${fault.kind}: ${fault.message}`, this.#reader?.summary() ?? null);
  }

  /** Nothing was sent: whoever is told so may come again at once, and its row is to be free. */
  #drop(tell: () => void): void {
    const { call } = this.#admitted;
    if (call.turn === null) tell();
    else void notSent(call, this.#gateway).then(tell);
  }

  #gather(chunk: Uint8Array): void {
    if (this.#bytes > ANSWER_BYTES_MAX) {
      const because = `the answer is larger than ${ANSWER_BYTES_MAX} bytes`;
      return this.#cut("garbage", unreachable(because));
    }
    this.#chunks.push(chunk);
  }

  #endWhole(): void {
    const { call } = this.#admitted;
    const status = this.#status ?? 0;
    const body = joined(this.#chunks);
    const text = body.toString("utf8");
    const summary = call.wire.answer(text, body.length);
    const isError = status >= 400;
    if (!isError && (!summary.complete || call.read.ask.stream)) {
      if (!this.#clientGone) this.#tell(unreachable("the answer could not be read"));
      return this.#finish("fault", "garbage", null);
    }
    const kind = isError ? (summary.error === null ? "fault" : "error") : "ok";
    const fault = isError ? `status ${status}` : null;
    const { fallBack } = this.#admitted.call.round ?? {};
    if (isError && fallBack !== undefined) {
      this.#finish(kind, fault, summary);
      return fallBack();
    }
    const answer = this.#clientGone ? null : () => text;
    const then = ({ ask, refused }: Screened) => {
      const sent = refused.size === 0 ? body : Buffer.from(call.wire.withoutCalls(text, refused));
      if (ask !== null) {
        const again = { text: ask, fallBack: () => this.#sendWhole(status, sent) };
        return this.#finish(kind, fault, summary, again);
      }
      this.#chunks.length = 0;
      this.#keep(sent);
      // Settled first, so that the headers tell what is left after this call.
      this.#finish(kind, fault, summary);
      if (!this.#clientGone) this.#sendWhole(status, sent);
    };
    screen({ calls: summary.toolCalls, answer, then }, this.#admitted, this.#gateway);
  }

  #sendWhole(status: number, body: Buffer): void {
    const headers = answerHeaders(this.#headers, ownHeaders(this.#admitted));
    headers["content-length"] = String(body.length);
    this.#response.writeHead(status, headers);
    this.#response.end(body);
  }

  /** What a client that comes again would be given, and what people may read later. */
  #keep(out: Uint8Array): void {
    this.#recording?.push(out);
    if (this.#admitted.call.turn !== null && this.#bytes <= KEPT_BYTES_MAX) this.#chunks.push(out);
  }

  #send(out: Uint8Array): void {
    this.#keep(out);
    if (!this.#clientGone) this.#outlet.write(out);
  }

  /** Ends the exchange from our side; what was written may be billed. */
  #cut(fault: string, denial: Denial): void {
    if (this.#over) return;
    if (!this.#clientGone) this.#tell(denial);
    this.#finish("fault", fault, this.#reader?.summary() ?? null);
    this.#exchange?.abort();
  }

  /**
   * A refusal, or in a stream that has begun the one frame that every client raises as an error.
   */
  #tell(denial: Denial): void {
    const { call } = this.#admitted;
    const origin = originOf(call.incoming);
    record({ denial, origin, asked: call.asked }, [], this.#gateway);
    if (call.round !== null && !this.#outlet.begun) return call.round.fallBack();
    if (!this.#response.headersSent) sendRefusal(this.#response, denial, origin);
    else breakOff(this.#response, denial, origin);
  }

  readonly #onClose = (): void => {
    if (this.#over || this.#response.writableFinished) return;
    this.#clientGone = true;
    if (this.#exchange !== null) this.#abandon();
  };

  /**
   * The client has gone: read on for the usage, within bounds, or cut and charge what was reserved.
   */
  #abandon(): void {
    this.#outlet.close();
    const { rules } = this.#admitted.route.provider;
    if (rules.onAbort === "cancel") this.#exchange?.abort();
    else this.#drain.begin(this.#exchange);
  }

  #finish(
    kind: Outcome["kind"],
    fault: string | null,
    summary: AnswerSummary | null,
    again: Again | null = null,
  ): void {
    if (this.#over) return;
    this.#over = true;
    this.#drain.end();
    this.#outlet.close();
    this.#response.removeListener("close", this.#onClose);
    const { receivedAt } = this.#admitted.call.incoming;
    const usage = summary?.complete ? summary.usage : null;
    const outputTokensSeen = summary === null ? null : summary.bytes;
    const seen = {
      outcome: { kind, status: this.#status, fault, usage, outputTokensSeen },
      capped: summary?.capped ?? false,
      firstByteMs: this.#firstByteAt === null ? null : this.#firstByteAt - receivedAt,
      endedMs: this.#gateway.clock.monotonic() - receivedAt,
      answer: this.#answer(kind),
    };
    // The books first: this is only evidence.
    this.#done(seen, again);
    this.#recording?.end(seen.outcome);
  }

  /** For the row of a call that was parked: what a client that comes again is answered. */
  #answer(kind: Outcome["kind"]): StoredAnswer | null {
    if (this.#admitted.call.turn === null) return null;
    const headers = answerHeaders(this.#headers, {});
    const came = { status: this.#status, headers, chunks: this.#chunks, bytes: this.#bytes };
    return modelAnswer(kind, came);
  }
}

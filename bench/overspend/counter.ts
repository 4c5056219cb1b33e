/** Counts at the upstream, in the order of arrival, what one variant is billed for. */
import type { Received, SimulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { TOKEN_PICO, type Variant } from "./variants.ts";

/** When and through which gateway an attempt was sent, by its tag. */
export interface Sent {
  readonly gateway: number;
  readonly at: number;
}

export class Counter {
  readonly variant: Variant;
  readonly limitPico: bigint;
  readonly sent = new Map<string, Sent>();
  /** By gateway: when the first answer that was billed too high had come back. */
  readonly overbilledAt = new Map<number, number>();
  arrived = 0;
  /** Requests that were billed. */
  admitted = 0;
  billedPico = 0n;
  pastCap = 0;
  /** Called at every arrival. */
  onArrival: (arrived: number) => void = () => undefined;

  constructor(variant: Variant, limitPico: bigint) {
    this.variant = variant;
    this.limitPico = limitPico;
  }

  bill(outputTokens: number, tag: string): void {
    if (outputTokens === 0) return;
    this.admitted += 1;
    this.billedPico += BigInt(outputTokens) * TOKEN_PICO;
    if (this.billedPico > this.limitPico && this.#isToBlame(tag)) this.pastCap += 1;
  }

  /**
   * A bill above what was agreed is not foreseeable: what had been sent by then is not counted. A
   * gateway settles a call before its client has the answer.
   */
  #isToBlame(tag: string): boolean {
    if (!this.variant.overbills) return true;
    const sent = this.sent.get(tag);
    if (sent === undefined) return true;
    return sent.at > (this.overbilledAt.get(sent.gateway) ?? Number.POSITIVE_INFINITY);
  }
}

/** The tag by which an attempt is known again: the last word of its only message. */
export function bodyOf(tag: string, fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...fields, messages: [{ role: "user", content: `Do it. ${tag}` }] });
}

const TAG = /Do it\. (([a-z-]+)\/[\w/-]+)"/;

/** Routes each request to its variant's counter, by name, and bills it there. */
export function countAt(upstream: SimulatedUpstream, counters: ReadonlyMap<string, Counter>): void {
  let billed = 0;
  let last: { readonly counter: Counter; readonly tag: string } | null = null;
  // The upstream bills a request in the stretch that begins with asking how to answer it.
  const billLast = () => {
    let total = 0;
    for (const { output } of upstream.billed().values()) total += output;
    last?.counter.bill(total - billed, last.tag);
    billed = total;
    last = null;
  };
  upstream.control((received: Received) => {
    billLast();
    const [, tag = "", name = ""] = TAG.exec(Buffer.from(received.body).toString("utf8")) ?? [];
    const counter = counters.get(name);
    if (counter === undefined) throw new Error(`a request of no variant: ${received.body}`);
    counter.arrived += 1;
    last = { counter, tag };
    queueMicrotask(billLast);
    counter.onArrival(counter.arrived);
    return counter.variant.behaviour(counter.arrived);
  });
}

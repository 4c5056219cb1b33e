/** The answer of a model as its client gets it, copied into a bounded buffer beside the relay. */
import type { ModelCall, Seen } from "../call.ts";

/** A longer answer is kept as far as this. */
const RECORDED_BYTES_MAX = 1024 * 1024;

/** What all recordings share. */
export interface Tape {
  bytes: number;
  readonly bytesMax: number;
}

/** How an answer ended, and what there is of it. */
export interface Recorded {
  readonly call: ModelCall;
  readonly chunks: readonly Uint8Array[];
  /** Of those. */
  readonly bytes: number;
  /** More of it came than was kept. */
  readonly isCut: boolean;
  readonly outcome: Seen["outcome"];
}

export class Recording {
  readonly #call: ModelCall;
  readonly #tape: Tape;
  readonly #ended: (recorded: Recorded) => void;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isCut = false;

  constructor(call: ModelCall, tape: Tape, ended: (recorded: Recorded) => void) {
    this.#call = call;
    this.#tape = tape;
    this.#ended = ended;
  }

  /** A copy: the bytes hold only while they are passed on. */
  push(out: Uint8Array): void {
    const { bytes, bytesMax } = this.#tape;
    const fits = this.#bytes + out.length <= RECORDED_BYTES_MAX && bytes + out.length <= bytesMax;
    this.#isCut ||= !fits;
    if (this.#isCut) return;
    this.#bytes += out.length;
    this.#tape.bytes += out.length;
    this.#chunks.push(new Uint8Array(out));
  }

  /** Once. */
  end(outcome: Seen["outcome"]): void {
    this.#tape.bytes -= this.#bytes;
    const chunks = this.#chunks;
    const [call, bytes, isCut] = [this.#call, this.#bytes, this.#isCut];
    this.#ended({ call, chunks, bytes, isCut, outcome });
  }
}

/**
 * Collects what was thrown away before much of it has come together. Only V8's young generation is
 * looked at, where such bytes are: 0.2 ms for 4 MB, less than reading them.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Heap } from "../../ports/heap.ts";

/** So much garbage may come together. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** `gc` of V8, as `node --expose-gc` has it. */
type Collect = (options: { readonly type: "minor" }) => void;

export class Collector implements Heap {
  #collect: Collect | null = null;
  #bytes = 0;

  thrownAway(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < PIECE_BYTES) return;
    this.#bytes = 0;
    this.#collect ??= collectOfV8();
    this.#collect({ type: "minor" });
  }
}

/** Made on first use: a gateway that refuses no large body pays nothing for it. */
function collectOfV8(): Collect {
  setFlagsFromString("--expose-gc");
  // `as`: with that flag a new context has it, in every Node that we run on.
  return runInNewContext("gc") as Collect;
}

/**
 * Answers that were broken off because of a call in them. Some clients at once send the same
 * request again without `stream`: they would have the refused call after all, and pay for it twice.
 */
import { hash } from "node:crypto";
import type { Millis } from "../../guards/money.ts";
import type { Denial } from "../../guards/verdict.ts";
import type { ModelCall } from "../call.ts";

const REMEMBERED_MS: Millis = 60_000;
const REMEMBERED_MAX = 10_000;
/** What may differ between the two. */
const OF_STREAMS: ReadonlySet<string> = new Set(["stream", "stream_options"]);

export class Withheld {
  /** The oldest first. */
  readonly #denials = new Map<string, { readonly denial: Denial; readonly until: Millis }>();

  /** `now`: monotonic. */
  note(call: ModelCall, denial: Denial, now: Millis): void {
    const digest = digestOf(call);
    this.#denials.delete(digest);
    this.#denials.set(digest, { denial, until: now + REMEMBERED_MS });
    const [oldest] = this.#denials.keys();
    if (this.#denials.size > REMEMBERED_MAX && oldest !== undefined) this.#denials.delete(oldest);
  }

  refusal(call: ModelCall, now: Millis): Denial | null {
    if (this.#denials.size === 0) return null;
    for (const [digest, { until }] of this.#denials) {
      if (until > now) break;
      this.#denials.delete(digest);
    }
    return this.#denials.get(digestOf(call))?.denial ?? null;
  }
}

function digestOf({ incoming, read, wire }: ModelCall): string {
  const { key, taskName } = incoming;
  const fields = Object.entries(read.root).filter(([name]) => !OF_STREAMS.has(name));
  return hash("sha256", JSON.stringify([key.id, taskName.id, wire.format, fields]));
}

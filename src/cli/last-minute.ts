/** What agents did in the last minute, counted second by second as the journal tells of it. */
import type { EntryView } from "../control/client.ts";

const SECONDS = 60;
const SECOND_MS = 1_000;
/** Agents counted; beyond it those that did nothing for longest are forgotten. */
const AGENTS_MAX = 1_000;

export interface Counts {
  /** Sent or refused. */
  readonly calls: number;
  readonly refused: number;
  /** Sent, and not answered well. */
  readonly failed: number;
}

interface Second {
  at: number;
  calls: number;
  refused: number;
  failed: number;
}

const KINDS: ReadonlySet<string> = new Set(["call.settled", "call.refused"]);

export class LastMinute {
  readonly #agents = new Map<string, Second[]>();

  note({ agent, at, event, kind }: EntryView): void {
    if (agent === null || !KINDS.has(kind)) return;
    const seconds = this.#agents.get(agent) ?? [];
    // Whoever did something last stands last.
    this.#agents.delete(agent);
    this.#agents.set(agent, seconds);
    const [oldest] = this.#agents.keys();
    if (this.#agents.size > AGENTS_MAX && oldest !== undefined) this.#agents.delete(oldest);

    const second = this.#second(seconds, Math.floor(Date.parse(at) / SECOND_MS));
    second.calls += 1;
    if (kind === "call.refused") second.refused += 1;
    else if (event.outcome !== "ok") second.failed += 1;
  }

  /** Of the minute that ends then. */
  of(agent: string, now: number): Counts {
    const from = Math.floor(now / SECOND_MS) - SECONDS;
    const counts = { calls: 0, refused: 0, failed: 0 };
    for (const { at, calls, failed, refused } of this.#agents.get(agent) ?? []) {
      if (at <= from) continue;
      counts.calls += calls;
      counts.refused += refused;
      counts.failed += failed;
    }
    return counts;
  }

  #second(seconds: Second[], at: number): Second {
    const known = seconds.find((second) => second.at === at);
    if (known !== undefined) return known;
    const made = { at, calls: 0, refused: 0, failed: 0 };
    seconds.push(made);
    if (seconds.length > SECONDS) seconds.shift();
    return made;
  }
}

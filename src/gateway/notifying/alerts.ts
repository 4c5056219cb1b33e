/**
 * Alarms that only tell people, on their way to the store. Whoever raises one waits for nothing:
 * it is written within a second, or once the store takes it.
 */
import { hash } from "node:crypto";
import type { Event } from "../../guards/events.ts";
import type { Millis } from "../../guards/money.ts";
import { numbersOf } from "../../guards/notice/derive.ts";
import type { NamedNotice } from "../../guards/notice/notice.ts";

/** While the store is away; beyond it they are counted, and in the journal all the same. */
const WAITING_MAX = 1_000;
/**
 * The same alarm again within so long is the same notice: gateways that count together raise it
 * together, and an agent at a limit rings on.
 */
const SAME_MS: Millis = 300_000;
const HASH_CHARS = 16;

type Alarmed = Extract<Event, { kind: "breaker.alarmed" }>;

export class Alerts {
  readonly #waiting = new Map<string, NamedNotice>();
  #dropped = 0;

  /** `at`: by the store's clock, as all gateways have it. */
  hear(event: Alarmed, at: Millis): void {
    if (event.action !== "alert") return;
    const named = noticeOf(event, at);
    if (this.#waiting.has(named.subject)) return;
    if (this.#waiting.size >= WAITING_MAX) this.#dropped += 1;
    else this.#waiting.set(named.subject, named);
  }

  /** Oldest first. They stay until they are `written`. */
  waiting(): readonly NamedNotice[] {
    return [...this.#waiting.values()];
  }

  written(subjects: readonly string[]): void {
    for (const subject of subjects) this.#waiting.delete(subject);
  }

  /** How many found no room since this was asked last. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}

function noticeOf(event: Alarmed, at: Millis): NamedNotice {
  const { agent, numbers, rule, says, server, task, tool } = event;
  const about = hash("sha256", JSON.stringify([agent, rule, server, tool, task]), "hex");
  const subject = `alert.${about.slice(0, HASH_CHARS)}.${Math.floor(at / SAME_MS)}`;
  const notice = {
    ...({ what: "alert", kind: "alert", agent, task, at, reason: says } as const),
    numbers: numbersOf({ rule, server, tool, ...numbers }),
    ...{ review: null, decided: null, next: null },
  };
  return { subject, notice };
}

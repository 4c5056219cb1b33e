/**
 * The journal's hash chain: every entry is hashed together with the hash before it, so that an edit
 * or a cut shows in everything that follows. One chain for each writer; its numbers begin at 1.
 */
import { hash } from "node:crypto";
import type { Event } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";
import type { JournalEntry } from "../ports/store.ts";

/** The hash before the first entry. The entry names its writer, so no two chains begin alike. */
export const GENESIS = "0".repeat(64);

/** How far a chain has come. */
export interface Head {
  readonly no: number;
  readonly hash: string;
}

export const EMPTY_CHAIN: Head = { no: 0, hash: GENESIS };

/**
 * Hex SHA-256 of an entry after `before`. The head line is JSON, which never holds a raw line
 * feed, so where it ends and the body begins is beyond doubt.
 */
export function entryHash(before: string, entry: Omit<JournalEntry, "hash">): string {
  const { writer, no, at, kind, decision, agent, task, code } = entry;
  const columns = JSON.stringify([writer, no, at, kind, decision, agent, task, code]);
  return hash("sha256", `${before}\n${columns}\n${entry.body}`, "hex");
}

/** The columns that an event is found by. */
function columnsOf(event: Event): Pick<JournalEntry, "decision" | "agent" | "task" | "code"> {
  return {
    decision: "decision" in event ? event.decision : null,
    agent: "agent" in event ? event.agent : null,
    task: "task" in event ? event.task : null,
    code: "code" in event ? event.code : null,
  };
}

/** The chain of one writer. */
export class Chain {
  readonly writer: string;
  #head: Head = EMPTY_CHAIN;

  constructor(writer: string) {
    this.writer = writer;
  }

  get head(): Head {
    return this.#head;
  }

  append(event: Event, at: Millis): JournalEntry {
    const entry = {
      writer: this.writer,
      no: this.#head.no + 1,
      at,
      kind: event.kind,
      ...columnsOf(event),
      body: JSON.stringify(event),
    };
    this.#head = { no: entry.no, hash: entryHash(this.#head.hash, entry) };
    return { ...entry, hash: this.#head.hash };
  }
}

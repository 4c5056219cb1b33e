/**
 * The journal's hash chain: every entry is hashed together with the hash before it, so that an edit
 * or a cut shows in everything that follows. One chain for each writer; its numbers begin at 1.
 */
import { hash } from "node:crypto";
import type { Event } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";
import type { JournalEntry } from "../ports/store.ts";
import { columnsOf, textOf } from "./entry-text.ts";

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

/** An event as it will be chained: text, for an object that waits is work for the collector. */
export type Written = Omit<JournalEntry, "writer" | "no" | "hash">;

/** The event's text, and the columns that it is found by. */
export function written(event: Event, at: Millis): Written {
  return { ...columnsOf(event), at, body: textOf(event) };
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

  append(event: Written): JournalEntry {
    const entry = { ...event, writer: this.writer, no: this.#head.no + 1 };
    this.#head = { no: entry.no, hash: entryHash(this.#head.hash, entry) };
    return { ...entry, hash: this.#head.hash };
  }
}

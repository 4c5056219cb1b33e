/** Entries cut down to the room that there is for them. */
import type { TranscriptEntry } from "../../ports/store.ts";
import { type Part, sizeText } from "../../wire/said.ts";
import { byteLength } from "../../wire/utf8.ts";

/** Parts of one message; ids, names and the like. */
const PARTS_MAX = 1_000;
const NAME_CHARS_MAX = 256;
/** Less is not worth being read: then only its size is told. */
const WORTH_BYTES = 64;
/** What is tried next, where a cut was not enough: escapes are longer than what they stand for. */
const SHRINK = 0.8;

/** How many bytes of text are left. */
export interface Room {
  bytes: number;
}

/** The entry with texts that fit; the room is less by what they take. */
export function clipped(entry: TranscriptEntry, room: Room): TranscriptEntry {
  switch (entry.kind) {
    case "message": {
      const role = name(entry.role);
      const parts = entry.parts.slice(0, PARTS_MAX).map((part) => clippedPart(part, room));
      const more = entry.parts.length - parts.length;
      if (more > 0) parts.push({ kind: "text", text: `[${more} more parts left out]` });
      return { ...entry, role, parts };
    }
    case "verdict":
      return { ...entry, why: cut(entry.why, room) };
    case "call": {
      const { server, tool } = entry;
      const names = { server: name(server), tool: name(tool) };
      return { ...entry, ...names, arguments: cut(entry.arguments, room) };
    }
    case "result":
      return { ...entry, text: cut(entry.text, room) };
  }
}

function clippedPart(part: Part, room: Room): Part {
  switch (part.kind) {
    case "text":
    case "thinking":
      return { ...part, text: cut(part.text, room) };
    case "call": {
      const id = part.id === null ? null : name(part.id);
      return { ...part, id, name: name(part.name), arguments: cut(part.arguments, room) };
    }
    case "result": {
      const id = part.id === null ? null : name(part.id);
      const of = part.name === null ? null : name(part.name);
      return { ...part, id, name: of, text: cut(part.text, room) };
    }
  }
}

function name(text: string): string {
  return text.length > NAME_CHARS_MAX ? `${text.slice(0, NAME_CHARS_MAX)}…` : text;
}

/** Its beginning and its end: an error mostly stands last. */
function cut(text: string, room: Room): string {
  const size = sizeOf(text);
  if (size <= room.bytes) {
    room.bytes -= size;
    return text;
  }
  if (room.bytes < WORTH_BYTES) return `[${sizeText(size)} left out]`;
  let half = Math.floor((text.length * room.bytes) / size / 2);
  let [head, tail] = [text.slice(0, half), text.slice(-half)];
  while (half > 1 && sizeOf(head) + sizeOf(tail) > room.bytes) {
    half = Math.floor(half * SHRINK);
    [head, tail] = [text.slice(0, half), text.slice(-half)];
  }
  const left = sizeOf(text.slice(half, text.length - half));
  room.bytes = 0;
  return `${head}\n[… ${sizeText(left)} left out …]\n${tail}`;
}

/** As it will be written. */
function sizeOf(text: string): number {
  return byteLength(JSON.stringify(text));
}

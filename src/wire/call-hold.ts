import { joinedBytes } from "./event-stream.ts";
import type { Held } from "./format.ts";

/** Arguments past this are refused on every other road long before. */
const HELD_BYTES_MAX = 16 * 1024 * 1024;
/** What even the smallest frame takes while it is held. */
const FRAME_BYTES_MIN = 200;
/** A stream opens with two or three frames; after more of them it has said something. */
const OPENING_FRAMES_MAX = 16;

/** What a frame is to a client: nothing yet, something to show, a part of a call, anything else. */
export type Part = "opening" | "content" | "call" | "rest";

/**
 * Holds the frames of a stream back while they may not be given out.
 *
 *   opening ──content──► passing ──call──► holding ──release──► released
 *      └──────────────────call────────────────▲
 */
export class CallHold {
  private frames: Uint8Array[] = [];
  private bytes = 0;
  private phase: "opening" | "passing" | "holding" | "released";
  private isLate = false;
  /** Something in it may be a call, and cannot be read. */
  isGarbled = false;

  constructor(holdOpening: boolean) {
    this.phase = holdOpening ? "opening" : "passing";
  }

  /** Nothing has been given out since the stream began. */
  saysNothing = true;

  get held(): Held {
    if (this.isLate) return "late";
    if (this.isGarbled) return "garbled";
    if (this.bytes > HELD_BYTES_MAX) return "too much";
    return this.phase === "holding" ? "calls" : "nothing";
  }

  get isHolding(): boolean {
    return this.phase === "holding";
  }

  /** What to give out for a frame. */
  pass(frame: Uint8Array, part: Part): Uint8Array | "keep" | "take out" {
    // The stream is about to be cut; what is left of these bytes may be its end.
    if (this.isGarbled || this.isLate) return "take out";
    switch (this.phase) {
      case "opening":
        if (part === "opening" && this.frames.length < OPENING_FRAMES_MAX) return this.hold(frame);
        if (part === "call") return this.begin(frame);
        this.phase = "passing";
        this.saysNothing = false;
        return joinedBytes([...this.taken(), frame]);
      case "passing":
        if (part === "call") return this.begin(frame);
        this.saysNothing = false;
        return "keep";
      case "holding":
        return this.hold(frame);
      case "released":
        if (part !== "call") return "keep";
        this.isLate = true;
        return "take out";
    }
  }

  /** What was held, which is not held any more. */
  taken(): readonly Uint8Array[] {
    const { frames } = this;
    [this.frames, this.bytes] = [[], 0];
    return frames;
  }

  /** The calls are decided; one that begins from here on comes too late. */
  release(): readonly Uint8Array[] {
    this.phase = "released";
    return this.taken();
  }

  private begin(frame: Uint8Array): "take out" {
    this.phase = "holding";
    return this.hold(frame);
  }

  private hold(frame: Uint8Array): "take out" {
    this.bytes += Math.max(frame.length, FRAME_BYTES_MIN);
    // The reader's buffer is used again for the next frame. Past the limit nothing is kept.
    if (this.bytes <= HELD_BYTES_MAX) this.frames.push(frame.slice());
    return "take out";
  }
}

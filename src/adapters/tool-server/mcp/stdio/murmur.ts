import type { Clock } from "../../../../ports/clock.ts";

/** Of a line; the rest of it is not read. The log cuts it further. */
const LINE_CHARS_MAX = 4_000;
/** A stack or two at once; then only so many lines a second. */
export const LINES_AT_ONCE = 50;
export const LINES_A_SECOND = 5;
const MS_PER_SECOND = 1_000;

/** What a child writes to its standard error, line by line and not too much of it. */
export class Murmur {
  readonly #clock: Clock;
  readonly #tell: (line: string, linesLeftOut: number) => void;
  readonly #decoder = new TextDecoder();
  #line = "";
  #allowed = LINES_AT_ONCE;
  #countedAt: number;
  #leftOut = 0;

  constructor(clock: Clock, tell: (line: string, linesLeftOut: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#countedAt = clock.monotonic();
  }

  hear(chunk: Uint8Array): void {
    const [rest = "", ...lines] = this.#decoder.decode(chunk, { stream: true }).split("\n");
    this.#add(rest);
    for (const line of lines) {
      this.#finish();
      this.#add(line);
    }
  }

  /** Nothing more will come. */
  end(): void {
    this.#finish();
    if (this.#leftOut > 0) this.#tell("…", this.#leftOut);
    this.#leftOut = 0;
  }

  #add(part: string): void {
    this.#line = (this.#line + part).slice(0, LINE_CHARS_MAX);
  }

  #finish(): void {
    const line = this.#line.trimEnd();
    this.#line = "";
    if (line === "") return;
    const now = this.#clock.monotonic();
    const earned = ((now - this.#countedAt) / MS_PER_SECOND) * LINES_A_SECOND;
    this.#allowed = Math.min(LINES_AT_ONCE, this.#allowed + earned);
    this.#countedAt = now;
    if (this.#allowed < 1) {
      this.#leftOut += 1;
      return;
    }
    this.#allowed -= 1;
    this.#tell(line, this.#leftOut);
    this.#leftOut = 0;
  }
}

/** A stream of bytes as its lines, each of at most so many bytes. */

const NEW_LINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** A buffer that grew beyond this for one long line is not kept for the next. */
const KEPT_BYTES_MAX = 64 * 1024;

export class LineReader {
  /** Whether a line was longer than its bound: what comes from now on is not read. */
  tooLong = false;
  private readonly bytesMax: number;
  /** The line that has not ended. Doubles as it fills: chunks may be tiny. */
  private buffer = new Uint8Array(0);
  private bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** The lines that became whole with these bytes, without their ends. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const lines: Uint8Array[] = [];
    let from = 0;
    while (from < chunk.length && !this.tooLong) {
      const at = chunk.indexOf(NEW_LINE, from);
      const to = at < 0 ? chunk.length : at;
      this.add(chunk.subarray(from, to));
      if (at < 0 || this.tooLong) break;
      lines.push(this.take());
      from = at + 1;
    }
    return lines;
  }

  private add(part: Uint8Array): void {
    const needed = this.bytes + part.length;
    if (needed > this.bytesMax) {
      this.tooLong = true;
      this.buffer = new Uint8Array(0);
      return;
    }
    if (needed > this.buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.buffer.length));
      larger.set(this.buffer.subarray(0, this.bytes));
      this.buffer = larger;
    }
    this.buffer.set(part, this.bytes);
    this.bytes = needed;
  }

  private take(): Uint8Array {
    const endsInReturn = this.bytes > 0 && this.buffer[this.bytes - 1] === CARRIAGE_RETURN;
    const line = this.buffer.slice(0, endsInReturn ? this.bytes - 1 : this.bytes);
    this.bytes = 0;
    if (this.buffer.length > KEPT_BYTES_MAX) this.buffer = new Uint8Array(0);
    return line;
  }
}

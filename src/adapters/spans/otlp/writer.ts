/** Protocol Buffers into one buffer that grows: a batch of spans is tens of thousands of fields. */

/** How a field is written: its wire type. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
const TYPE_BITS = 3;
const DIGIT_BITS = 7;
const DIGIT = 0x7f;
const MORE = 0x80;
const FIRST_BYTES = 16 * 1024;
/** A tag and a number of 64 bits, in any form of them. */
const SMALL_BYTES = 20;
/** In UTF-8 a unit of UTF-16 takes three at most. */
const BYTES_A_UNIT = 3;

export class Writer {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  get written(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  text(field: number, value: string): void {
    this.#nested(field, value.length * BYTES_A_UNIT, () => {
      this.#at += this.#buffer.write(value, this.#at, "utf8");
    });
  }

  hex(field: number, value: string): void {
    this.#nested(field, value.length, () => {
      this.#at += this.#buffer.write(value, this.#at, "hex");
    });
  }

  message(field: number, write: () => void): void {
    this.#nested(field, 0, write);
  }

  /** A negative one as if it were unsigned. */
  integer(field: number, value: number): void {
    this.#room(SMALL_BYTES);
    this.#tag(field, VARINT);
    if (value >= 0 && value <= DIGIT) return this.#byte(value);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > DIGIT) {
      this.#byte(Number(rest & BigInt(DIGIT)) | MORE);
      rest >>= BigInt(DIGIT_BITS);
    }
    this.#byte(Number(rest));
  }

  double(field: number, value: number): void {
    this.#room(SMALL_BYTES);
    this.#tag(field, FIXED64);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  fixed64(field: number, value: bigint): void {
    this.#room(SMALL_BYTES);
    this.#tag(field, FIXED64);
    this.#at = this.#buffer.writeBigUInt64LE(value, this.#at);
  }

  fixed32(field: number, value: number): void {
    this.#room(SMALL_BYTES);
    this.#tag(field, FIXED32);
    this.#at = this.#buffer.writeUInt32LE(value, this.#at);
  }

  /** Its length stands before it, and is known after it: most take one byte, others are moved. */
  #nested(field: number, bytesMax: number, write: () => void): void {
    this.#room(SMALL_BYTES + bytesMax);
    this.#tag(field, LENGTH);
    const from = this.#at + 1;
    this.#at = from;
    write();
    const bytes = this.#at - from;
    const digits = digitsOf(bytes);
    if (digits > 1) {
      this.#room(digits);
      this.#buffer.copyWithin(from + digits - 1, from, this.#at);
    }
    const end = this.#at + digits - 1;
    this.#at = from - 1;
    this.#small(bytes);
    this.#at = end;
  }

  #tag(field: number, type: number): void {
    this.#small((field << TYPE_BITS) | type);
  }

  /** A number of at most 32 bits, where there is room for it. */
  #small(value: number): void {
    let rest = value;
    while (rest > DIGIT) {
      this.#byte((rest & DIGIT) | MORE);
      rest >>>= DIGIT_BITS;
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#buffer[this.#at] = value;
    this.#at += 1;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value >>> DIGIT_BITS; rest > 0; rest >>>= DIGIT_BITS) digits += 1;
  return digits;
}

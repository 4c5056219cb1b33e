import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FRAME_BYTES_MAX } from "../../../src/wire/event-stream.ts";
import { renderNotification, renderResult } from "../../../src/wire/json-rpc.ts";
import {
  type AnswerReader,
  answerReader,
  EVENTS_MAX,
  type Incoming,
  NOTICE_BYTES_MAX,
} from "../../../src/wire/mcp-answer.ts";

const BYTES_MAX = 100_000;
const EVENTS = "text/event-stream";
const JSON_TYPE = "application/json";
const RESULT = renderResult(1, { content: [{ type: "text", text: "hä\u{1f600}" }] });

function reader(type: string, bytesMax = BYTES_MAX): AnswerReader {
  const made = answerReader(type, bytesMax);
  if (made === null) throw new Error(`no reader for ${type}`);
  return made;
}

/** All messages of bytes that come in pieces cut at the given places. */
function readAll(from: AnswerReader, bytes: Uint8Array, cuts: readonly number[]): Incoming[] {
  const places = [...new Set(cuts.map((cut) => Math.min(cut, bytes.length)))].sort((a, b) => a - b);
  const found: Incoming[] = [];
  let at = 0;
  for (const to of [...places, bytes.length]) {
    found.push(...from.push(bytes.subarray(at, to)));
    at = to;
  }
  return [...found, ...from.rest()];
}

const kinds = (found: readonly Incoming[]) => found.map(({ message }) => message.kind);

describe("content types", () => {
  test.each([
    "application/json",
    "Application/JSON; charset=utf-8",
    "text/event-stream",
    "text/event-stream;charset=utf-8",
  ])("%s is one of the protocol", (type) => {
    expect(answerReader(type, 1)).not.toBeNull();
  });

  test.each(["", "text/html", "application/jsonp", "application/json-seq", "text/plain"])(
    "%j is none",
    (type) => {
      expect(answerReader(type, 1)).toBeNull();
    },
  );
});

describe("one JSON text", () => {
  test("is a message at its end, wherever it was cut", () => {
    const bytes = Buffer.from(RESULT);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const found = readAll(reader(JSON_TYPE), bytes, [cut]);
      expect(kinds(found)).toEqual(["result"]);
      expect(found[0]?.bytes).toBe(bytes.length);
    }
  });

  test("cut short anywhere is unreadable", () => {
    const bytes = Buffer.from(RESULT);
    for (let end = 0; end < bytes.length; end += 1) {
      expect(kinds(readAll(reader(JSON_TYPE), bytes.subarray(0, end), []))).toEqual(["unreadable"]);
    }
  });

  test("of bytes that are no UTF-8 is unreadable", () => {
    const bytes = Buffer.from(RESULT);
    bytes[bytes.length - 8] = 0xff;
    expect(readAll(reader(JSON_TYPE), bytes, [])[0]?.message).toMatchObject({
      kind: "unreadable",
      message: "is not UTF-8",
    });
  });

  test("of a byte too many is too large, and nothing of it is read", () => {
    const bytes = Buffer.from(RESULT);
    const exact = reader(JSON_TYPE, bytes.length);
    expect(kinds(readAll(exact, bytes, [5]))).toEqual(["result"]);
    expect(exact.tooLarge).toBe(false);
    const short = reader(JSON_TYPE, bytes.length - 1);
    expect(readAll(short, bytes, [5])).toEqual([]);
    expect(short.tooLarge).toBe(true);
  });
});

describe("events", () => {
  const notice = renderNotification("notifications/progress", { progress: 1 });
  const stream = [
    "\uFEFF: hello\n\n",
    "id: 1\nretry: 10\ndata:\n\n",
    `event: message\r\ndata: ${notice}\r\n\r\n`,
    "event: ping\ndata: {no json\n\n",
    `data:${RESULT.slice(0, 17)}\ndata: ${RESULT.slice(17)}\n\n`,
    `data: ${RESULT}`,
  ].join("");

  test("are the messages of whole frames, wherever they were cut", () => {
    const bytes = Buffer.from(stream);
    const whole = readAll(reader(EVENTS), bytes, []);
    // The second result's data is on two lines, of which a line feed is made: in a JSON text it is
    // a space where it falls between two tokens.
    expect(kinds(whole)).toEqual(["notification", "result"]);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(readAll(reader(EVENTS), bytes, [cut])).toEqual(whole);
    }
  });

  test("an unreadable one is a value in its place", () => {
    const text = `data: {no json\n\ndata: ${RESULT}\n\n`;
    expect(kinds(readAll(reader(EVENTS), Buffer.from(text), []))).toEqual(["unreadable", "result"]);
    const bad = Buffer.from(`data: ${RESULT}\n\n`);
    bad[20] = 0xff;
    expect(kinds(readAll(reader(EVENTS), bad, []))).toEqual(["unreadable"]);
  });

  test("an answer of a byte too many is too large; what comes beside it does not count", () => {
    const before = `data: ${notice}\n\n`.repeat(50);
    const frame = `data: ${RESULT}\n\n`;
    const bytes = Buffer.from(before + frame);
    const frameBytes = Buffer.byteLength(frame);
    const exact = reader(EVENTS, frameBytes);
    expect(kinds(readAll(exact, bytes, [])).at(-1)).toBe("result");
    const short = reader(EVENTS, frameBytes - 1);
    expect(kinds(readAll(short, bytes, []))).not.toContain("result");
    expect(short.tooLarge).toBe(true);
  });

  const FLOODS: readonly (readonly [string, string])[] = [
    ["notices", `data: ${renderNotification("a", { text: "x".repeat(10_000) })}\n\n`],
    ["comments", `: ${"x".repeat(10_000)}\n\n`],
    ["empty frames", "\n"],
    ["a frame without an end", "data: x"],
    ["a line without an end", "x"],
  ];
  test.each(FLOODS)("a flood of %s is too large in the end", (_, piece) => {
    const flooded = reader(EVENTS);
    const chunk = Buffer.from(piece.repeat(Math.ceil(65_536 / piece.length)));
    let bytes = 0;
    while (!flooded.tooLarge && bytes <= 2 * (BYTES_MAX + NOTICE_BYTES_MAX)) {
      flooded.push(chunk);
      bytes += chunk.length;
    }
    expect(flooded.tooLarge).toBe(true);
    expect(flooded.push(Buffer.from(`\n\ndata: ${RESULT}\n\n`))).toEqual([]);
  });

  test("what comes beside an answer has its own limit, however much an answer may have", () => {
    const generous = reader(EVENTS, 10 * NOTICE_BYTES_MAX);
    const chunk = Buffer.from(`: ${"x".repeat(100_000)}\n\n`);
    for (let bytes = 0; bytes <= NOTICE_BYTES_MAX; bytes += chunk.length) generous.push(chunk);
    expect(generous.tooLarge).toBe(true);
  });

  test("so many events are read and no more, also of one chunk", () => {
    const flooded = reader(EVENTS);
    const found = flooded.push(Buffer.from(`data: ${notice}\n\n`.repeat(EVENTS_MAX + 1)));
    expect(found).toHaveLength(EVENTS_MAX);
    expect(flooded.tooLarge).toBe(true);
  });

  test("a frame longer than any is too large, whatever an answer may have", () => {
    const generous = reader(EVENTS, 10 * FRAME_BYTES_MAX);
    const chunk = Buffer.from("x".repeat(1024 * 1024));
    for (let bytes = 0; bytes <= FRAME_BYTES_MAX; bytes += chunk.length) generous.push(chunk);
    expect(generous.tooLarge).toBe(true);
  });
});

test("garbage, cut anywhere, never throws, and is the same however it was cut", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom("data: ", "event: message\n", "\n", "\n\n", "\r\n\r\n", "id: 1\n", RESULT, ":"),
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
    fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.from(pieces.join(""))),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(EVENTS, JSON_TYPE),
      bytes,
      fc.array(fc.nat(400)),
      fc.integer({ min: 10, max: 300 }),
      (type, all, cuts, bytesMax) => {
        const whole = reader(type, bytesMax);
        const cut = reader(type, bytesMax);
        expect(readAll(cut, all, cuts)).toEqual(readAll(whole, all, []));
        expect(cut.tooLarge).toBe(whole.tooLarge);
      },
    ),
    { numRuns: 3_000 },
  );
});

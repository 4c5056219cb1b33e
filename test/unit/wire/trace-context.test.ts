import { describe, expect, test } from "vitest";
import { parentOf, traceOf, traceparentOf } from "../../../src/wire/trace-context.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
const STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
const BAGGAGE = "userId=alice,serverNode=DF%2028;meta=1";

describe("The trace of a call", () => {
  test("is those three of its _meta, and nothing else", () => {
    const meta = { traceparent: PARENT, tracestate: STATE, baggage: BAGGAGE };
    const others = { progressToken: 1, "io.modelcontextprotocol/clientInfo": {}, x: "y" };
    expect(traceOf({ ...others, ...meta })).toEqual(meta);
    expect(traceOf(others)).toEqual({});
  });

  test("may be of a later version, with more at its end", () => {
    const traceparent = `cc${PARENT.slice(2)}-what-comes-later`;
    expect(traceOf({ traceparent })).toEqual({ traceparent });
  });

  test("has no state without a parent, but may have baggage", () => {
    expect(traceOf({ tracestate: STATE, baggage: BAGGAGE })).toEqual({ baggage: BAGGAGE });
  });

  test.each([
    7,
    "",
    PARENT.toUpperCase(),
    `ff${PARENT.slice(2)}`,
    PARENT.slice(1),
    `${PARENT}\n`,
    `${PARENT}-`,
    `${PARENT}-more`,
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `00-0af7651916cd43dd8448eb211c80319c-${"0".repeat(16)}-01`,
    `${PARENT}-${"x".repeat(300)}`,
  ])("is not begun by %j", (traceparent) => {
    expect(traceOf({ traceparent, tracestate: STATE })).toEqual({});
  });

  test.each(["no entry", "a=b\r\nc: d", "ä=b", `a=${"x".repeat(9_000)}`, { a: "b" }])(
    "is not carried by %j",
    (wrong) => {
      const meta = { traceparent: PARENT, tracestate: wrong, baggage: wrong };
      expect(traceOf(meta)).toEqual({ traceparent: PARENT });
    },
  );
});

describe("The parent of a call", () => {
  const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "00f067aa0ba902b7" };

  test("is whose trace it is, and whether that is told", () => {
    const sampled = { ...ids, sampled: true };
    expect(parentOf({ traceparent: PARENT, tracestate: STATE })).toEqual({
      ...sampled,
      state: STATE,
    });
    expect(traceparentOf(sampled)).toBe(PARENT);
    // Other flags than the first are not ours to know.
    const [off, more] = ["00", "ff"].map((flags) => PARENT.replace(/01$/, flags));
    expect(parentOf({ traceparent: off ?? "" })?.sampled).toBe(false);
    expect(parentOf({ traceparent: more ?? "" })?.sampled).toBe(true);
    expect(traceparentOf({ ...ids, sampled: false })).toBe(off);
  });

  test("is passed on in the version that is known here", () => {
    const later = parentOf({ traceparent: `cc${PARENT.slice(2)}-what-comes-later` });
    expect(later).toEqual({ ...ids, sampled: true, state: null });
    expect(traceparentOf({ ...ids, sampled: true })).toBe(PARENT);
  });

  test("is nobody where there is no trace", () => {
    expect(parentOf({})).toBeNull();
    expect(parentOf({ baggage: BAGGAGE })).toBeNull();
  });
});

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { ToolServerUnreachable } from "../ports/tool-server.ts";
import {
  faultOf,
  type OpenToolServer,
  RESULT_BYTES_MAX,
  recordCall,
  SILENCE_MS,
  type ToolScript,
  type ToolServerFixture,
  toolRequest,
  until,
} from "./tool-server-fixture.ts";

/** What may differ with what a server speaks. */
export interface Spoken {
  /** Plain HTTP: a status that says that it failed and a body of nothing are answers of a tool. */
  readonly plainHttp?: boolean;
}

/** What every adapter of a tool server must do. */
export function toolServerConformance(
  name: string,
  open: OpenToolServer,
  { plainHttp = false }: Spoken = {},
): void {
  describe(`tool server ${name}`, () => {
    const fixtures: ToolServerFixture[] = [];
    afterEach(async () => {
      for (const fixture of fixtures.splice(0)) await fixture.dispose();
    });
    const start: OpenToolServer = async (script) => {
      const fixture = await open(script);
      fixtures.push(fixture);
      return fixture;
    };

    listing(start);
    answering(start);
    holding(start);
    aborting(start);
    failing(start);
    if (plainHttp) answeringPlainly(start);
    else failingInWords(start);
    closing(start);
  });
}

function listing(start: OpenToolServer): void {
  test("the list has what the server offers, as the server describes it", async () => {
    const { server } = await start({});
    const tools = await server.list();
    expect(tools.map((tool) => tool.name).sort()).toEqual(["echo", "fail"]);
    for (const tool of tools) expect(tool.raw.name).toBe(tool.name);
  });

  test("a list runs no tool", async () => {
    const fixture = await start({});
    await fixture.server.list();
    expect(fixture.ran()).toBe(0);
  });
}

function answering(start: OpenToolServer): void {
  test("a call is one result, with nothing after it", async () => {
    const fixture = await start({});
    const given = { text: "hä\u{1f600}", list: [1, { deep: null }], "": false };
    const recording = recordCall(fixture.server, toolRequest({ arguments: given }));
    const end = await recording.over;
    await sleep(SILENCE_MS);
    expect(recording.ends).toHaveLength(1);
    expect(recording.asked).toBe(1);
    expect(fixture.ran()).toBe(1);
    if (end.kind !== "result") throw new Error(end.fault.message);
    const { content, isError, bytes } = end.result;
    expect(content).toEqual([{ type: "text", text: JSON.stringify(given) }]);
    expect(isError).toBe(false);
    expect(bytes).toBeGreaterThan(JSON.stringify(given).length);
  });

  test("a tool that fails is a result that says so", async () => {
    const { server } = await start({});
    const end = await recordCall(server, toolRequest({ tool: "fail", arguments: {} })).over;
    expect(end).toMatchObject({ kind: "result", result: { isError: true } });
  });

  test("a hundred at once get each its own answer and run once", async () => {
    const fixture = await start({ latencyMs: 5 });
    const recordings = Array.from({ length: 100 }, (_, at) =>
      recordCall(fixture.server, toolRequest({ arguments: { at } })),
    );
    for (const [at, recording] of recordings.entries()) {
      const end = await recording.over;
      const text = JSON.stringify({ at });
      expect(end).toMatchObject({ kind: "result", result: { content: [{ type: "text", text }] } });
      expect(recording.asked).toBe(1);
    }
    expect(fixture.ran()).toBe(100);
  });
}

function holding(start: OpenToolServer): void {
  test("a call that may not be written is held, and does not run", async () => {
    const fixture = await start({});
    const recording = recordCall(fixture.server, toolRequest(), () => false);
    expect(await faultOf(recording)).toMatchObject({ kind: "held", written: false });
    expect(recording.asked).toBe(1);
    expect(fixture.ran()).toBe(0);
  });

  test("a held call does not stop the next one", async () => {
    const fixture = await start({});
    const held = recordCall(fixture.server, toolRequest(), () => false);
    const next = recordCall(fixture.server, toolRequest());
    expect(await faultOf(held)).toMatchObject({ kind: "held", written: false });
    expect((await next.over).kind).toBe("result");
    expect(fixture.ran()).toBe(1);
  });
}

function aborting(start: OpenToolServer): void {
  test("an abort right after the call is one fault, before anything was written", async () => {
    const fixture = await start({});
    const recording = recordCall(fixture.server, toolRequest());
    recording.exchange.abort();
    recording.exchange.abort();
    expect(await faultOf(recording)).toMatchObject({ kind: "aborted", written: false });
    expect(recording.asked).toBe(0);
    expect(fixture.ran()).toBe(0);
  });

  test("an abort from within the question whether it may be written writes nothing", async () => {
    const fixture = await start({});
    // So that a connection is free, and the question comes while the call is being handed over.
    await recordCall(fixture.server, toolRequest()).over;
    await sleep(SILENCE_MS);
    const recording = recordCall(fixture.server, toolRequest(), () => {
      recording.exchange.abort();
      return true;
    });
    expect(await faultOf(recording)).toMatchObject({ kind: "aborted", written: false });
    expect(fixture.ran()).toBe(1);
  });

  test("an abort while the tool runs is a fault of what was written", async () => {
    const fixture = await start({ call: "never" });
    const recording = recordCall(fixture.server, toolRequest());
    await until(() => fixture.ran() === 1);
    recording.exchange.abort();
    expect(await faultOf(recording)).toMatchObject({ kind: "aborted", written: true });
  });

  test("an abort after the end does nothing", async () => {
    const { server } = await start({});
    const recording = recordCall(server, toolRequest());
    await recording.over;
    recording.exchange.abort();
    await sleep(SILENCE_MS);
    expect(recording.ends.map((end) => end.kind)).toEqual(["result"]);
  });
}

/** What is no answer, with the fault that it is. */
type FaultCases = readonly (readonly [ToolScript["call"], string])[];

function faults(start: OpenToolServer, cases: FaultCases): void {
  for (const [call, kind] of cases) {
    test(`${call} is a fault of kind ${kind}, of a call that ran once`, async () => {
      const fixture = await start({ call, hugeBytes: 2 * RESULT_BYTES_MAX });
      const recording = recordCall(fixture.server, toolRequest());
      const fault = { kind, written: true, message: expect.stringMatching(/.{5}/) };
      expect(await faultOf(recording)).toEqual(fault);
      expect(fixture.ran()).toBe(1);
    });
  }
}

/** Of a protocol of its own over HTTP: nothing but its messages is an answer. */
function failingInWords(start: OpenToolServer): void {
  faults(start, [
    ["empty", "protocol"],
    ["http-500", "protocol"],
  ]);
}

function answeringPlainly(start: OpenToolServer): void {
  test("a status that says that it failed is a result that says so", async () => {
    const fixture = await start({ call: "http-500" });
    const end = await recordCall(fixture.server, toolRequest()).over;
    const content = [{ type: "text", text: expect.stringContaining("500") }];
    expect(end).toMatchObject({ kind: "result", result: { isError: true, content } });
    expect(fixture.ran()).toBe(1);
  });

  test("an empty body is a result of nothing", async () => {
    const fixture = await start({ call: "empty" });
    const end = await recordCall(fixture.server, toolRequest()).over;
    expect(end).toMatchObject({
      kind: "result",
      result: { isError: false, content: [], bytes: 0 },
    });
    expect(fixture.ran()).toBe(1);
  });
}

function failing(start: OpenToolServer): void {
  faults(start, [
    ["half", "reset"],
    ["reset", "reset"],
    ["garbage", "protocol"],
    ["redirect", "protocol"],
    ["gzip", "protocol"],
    ["huge", "too-large"],
  ]);

  test("no answer in time is a time-out of what was written", async () => {
    const fixture = await start({ call: "never" });
    const recording = recordCall(fixture.server, toolRequest({ timeoutMs: 60 }));
    expect(await faultOf(recording)).toMatchObject({ kind: "timeout", written: true });
  });

  test("a result of exactly its limit passes, one of a byte more does not", async () => {
    const fixture = await start({});
    const whole = await recordCall(fixture.server, toolRequest()).over;
    const bytes = whole.kind === "result" ? whole.result.bytes : 0;
    const limited = (resultBytesMax: number) =>
      recordCall(fixture.server, toolRequest({ resultBytesMax })).over;
    // A second answer may be a digit longer, for its number.
    expect((await limited(bytes + 1)).kind).toBe("result");
    expect(await limited(bytes - 1)).toMatchObject({ kind: "fault", fault: { kind: "too-large" } });
  });
}

function closing(start: OpenToolServer): void {
  test("closing ends what is in flight, once, with a reset, and waits for nothing", async () => {
    const fixture = await start({ call: "never" });
    const recordings = Array.from({ length: 5 }, () => recordCall(fixture.server, toolRequest()));
    await until(() => fixture.ran() === 5);
    await fixture.server.close();
    for (const recording of recordings) {
      expect(await faultOf(recording)).toMatchObject({ kind: "reset", written: true });
    }
  });

  test("after closing nothing is written any more", async () => {
    const fixture = await start({});
    await fixture.server.list();
    await fixture.server.close();
    const recording = recordCall(fixture.server, toolRequest());
    expect(await faultOf(recording)).toMatchObject({ kind: "reset", written: false });
    expect(recording.asked).toBe(0);
    expect(fixture.ran()).toBe(0);
  });

  test("closing before anything was asked for is quiet, and a list is refused then", async () => {
    const { server } = await start({});
    await server.close();
    await expect(server.list()).rejects.toBeInstanceOf(ToolServerUnreachable);
  });
}

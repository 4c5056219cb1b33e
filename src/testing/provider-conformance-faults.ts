import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Script } from "../adapters/provider/simulated/script.ts";
import { askRequest, type OpenProvider, SILENCE_MS, until } from "./provider-fixture.ts";
import { type Recording, record } from "./recording-sink.ts";

/** Back-pressure. */
export function pausing(start: OpenProvider): void {
  test("after a pause at any chunk no data comes until resumed, and none is lost", async () => {
    const { provider } = await start({ chunks: 5, chunkMs: 1 });
    const request = askRequest("openai-chat", { stream: true });
    const whole = record(provider, request);
    await whole.over;
    let paused = false;
    let early = 0;
    const recording = record(provider, request, {
      onReport: (report, _, exchange) => {
        if (report.kind !== "data") return;
        if (paused) early++;
        paused = true;
        exchange.pause();
        exchange.pause();
        setTimeout(() => {
          paused = false;
          exchange.resume();
          exchange.resume();
        }, 4);
      },
    });
    await recording.over;
    expect(early).toBe(0);
    expect(stable(recording)).toBe(stable(whole));
    expect(recording.shape()).toBe("head data end");
  });

  test("a pause before the answer holds its data back, whenever it was asked for", async () => {
    const { provider } = await start({ latencyMs: 10 });
    for (const waitMs of [0, 5, 15]) {
      const recording = record(provider, askRequest("openai-chat"), {
        onReport: (report, _, exchange) => {
          if (report.kind === "head") exchange.pause();
        },
      });
      if (waitMs < 10) await sleep(waitMs);
      recording.exchange?.pause();
      await sleep(SILENCE_MS + waitMs);
      expect(recording.shape()).toMatch(/^(head)?$/);
      recording.exchange?.resume();
      await recording.over;
      expect(recording.shape()).toBe("head data end");
    }
  });

  for (const [when, ready] of OUTSIDE) {
    test(`a pause from outside, ${when}, is kept and loses nothing`, async () => {
      const { provider } = await start({ chunks: 20, chunkMs: 2 });
      const request = askRequest("openai-chat", { stream: true });
      const whole = record(provider, request);
      await whole.over;
      let paused = false;
      let early = 0;
      const recording = record(provider, request, {
        onReport: (report) => {
          if (report.kind === "data" && paused) early++;
        },
      });
      await until(() => ready(recording));
      paused = true;
      recording.exchange?.pause();
      await sleep(2 * SILENCE_MS);
      paused = false;
      recording.exchange?.resume();
      await recording.over;
      expect(early).toBe(0);
      expect(recording.shape()).toBe("head data end");
      expect(stable(recording)).toBe(stable(whole));
    });
  }
}

const OUTSIDE: readonly [string, (recording: Recording) => boolean][] = [
  ["before anything was written", () => true],
  ["before the answer", (recording) => recording.asked === 1],
  ["between chunks", (recording) => recording.bytes > 0],
];

/** Everything that an upstream can do wrong. */
export function failing(start: OpenProvider): void {
  const CASES: readonly [Script["fault"], boolean, string, number | null][] = [
    ["error-500", false, "head data end", 500],
    ["error-429", true, "head data end", 429],
    ["garbage", false, "head data end", 200],
    ["garbage", true, "head data end", 200],
    ["no-usage", true, "head data end", 200],
    ["reset", false, "fail", null],
    ["half-stream", false, "head data fail", 200],
    ["half-stream", true, "head data fail", 200],
  ];
  for (const [fault, stream, shape, status] of CASES) {
    test(`${fault}${stream ? " in a stream" : ""} is reported as ${shape}`, async () => {
      const { provider } = await start({ fault, faultEvery: 1, chunkMs: 1 });
      const recording = record(provider, askRequest("openai-chat", { stream }));
      await recording.over;
      await sleep(SILENCE_MS);
      expect(recording.shape()).toBe(shape);
      expect(recording.status()).toBe(status);
      const failed = shape.endsWith("fail");
      expect(recording.fault()).toEqual(
        failed ? { kind: "reset", written: true, message: expect.any(String) } : null,
      );
    });
  }

  const silent: readonly [string, Partial<Script>, string][] = [
    ["no answer", { fault: "never", faultEvery: 1 }, "fail"],
    ["an answer that comes too late", { latencyMs: 60_000 }, "fail"],
    ["a stream that falls silent", { chunkMs: 60_000, chunks: 3 }, "head data fail"],
  ];
  for (const [what, script, shape] of silent) {
    test(`${what} is a time-out of what was written`, async () => {
      const { provider } = await start(script);
      const request = askRequest("openai-chat", { stream: true }, 100);
      const recording = record(provider, request);
      await recording.over;
      expect(recording.shape()).toBe(shape);
      expect(recording.fault()).toMatchObject({ kind: "timeout", written: true });
    });
  }

  test("a fault ends its own request only", async () => {
    const { provider } = await start({ fault: "reset", faultEvery: 2 });
    const shapes: string[] = [];
    for (let count = 0; count < 4; count++) {
      const recording = record(provider, askRequest("openai-chat"));
      await recording.over;
      shapes.push(recording.shape());
    }
    expect(shapes).toEqual(["head data end", "fail", "head data end", "fail"]);
  });
}

/** The end of the provider itself. */
export function closing(start: OpenProvider): void {
  test("closing fails what is in flight, once, and waits for nothing", async () => {
    const fixture = await start({ latencyMs: 60_000 });
    const recordings = Array.from({ length: 5 }, () =>
      record(fixture.provider, askRequest("openai-chat")),
    );
    await until(() => recordings.every((recording) => recording.asked === 1));
    await fixture.provider.close();
    await Promise.all(recordings.map((recording) => recording.over));
    await sleep(SILENCE_MS);
    for (const recording of recordings) {
      expect(recording.shape()).toBe("fail");
      expect(recording.fault()).toMatchObject({ kind: "reset", written: true });
    }
  });

  test("after closing nothing is written any more", async () => {
    const fixture = await start({});
    await fixture.provider.close();
    const recording = record(fixture.provider, askRequest("openai-chat"));
    await recording.over;
    expect(recording.fault()).toMatchObject({ kind: "reset", written: false });
    expect(recording.asked).toBe(0);
    expect(fixture.bytesWritten?.() ?? 0).toBe(0);
  });
}

/** Answers of one script differ in their numbers and the second they were made in only. */
function stable(recording: Recording): string {
  return recording.text().replace(/simulated-\d+|"created":\d+/g, "");
}

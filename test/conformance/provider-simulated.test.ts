import { describe, expect, test } from "vitest";
import { DEFAULT_SCRIPT, type Script } from "../../src/adapters/provider/simulated/script.ts";
import { simulatedProvider } from "../../src/adapters/provider/simulated/simulated-provider.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { askRequest, someRules } from "../../src/testing/provider-fixture.ts";
import { record } from "../../src/testing/recording-sink.ts";

/** Time that moves only when the test says so. */
function manualClock() {
  let now = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  const clock: Clock = {
    wall: () => 1_700_000_000_000 + now,
    monotonic: () => now,
    after: (ms, run) => {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const advance = async (ms: number) => {
    now += ms;
    for (const timer of [...timers].filter(({ at }) => at <= now)) {
      timers.delete(timer);
      timer.run();
    }
    await settled();
  };
  return { clock, advance, pending: () => timers.size };
}

/** Lets every microtask run that is due. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function open(script: Partial<Script>) {
  const time = manualClock();
  const settings = { rules: someRules("simulated"), simulated: { ...DEFAULT_SCRIPT, ...script } };
  return { provider: simulatedProvider(settings, time.clock), ...time };
}

const STREAM = askRequest("openai-chat", { stream: true });

describe("the simulated provider", () => {
  test("answers without a timer when its script has no latency", async () => {
    const { provider, pending } = open({});
    const recording = record(provider, STREAM);
    expect(recording.shape()).toBe("");
    await settled();
    expect(recording.shape()).toBe("head data end");
    expect(pending()).toBe(0);
  });

  test("keeps to its latency and its pace exactly, and leaves no timer behind", async () => {
    const { provider, advance, pending } = open({ latencyMs: 50, chunkMs: 10, chunks: 2 });
    const recording = record(provider, STREAM);
    await settled();
    await advance(49);
    expect(recording.shape()).toBe("");
    await advance(1);
    expect(recording.shape()).toBe("head data");
    const parts = () => recording.reports.filter(({ kind }) => kind === "data").length;
    // The role, two pieces of text, the finish and [DONE].
    for (let part = 1; part < 5; part++) {
      expect(parts()).toBe(part);
      expect(recording.shape()).toBe("head data");
      await advance(10);
    }
    expect(parts()).toBe(5);
    expect(recording.shape()).toBe("head data end");
    expect(pending()).toBe(0);
  });

  test("an abort and a close take their timers with them", async () => {
    const { provider, pending } = open({ latencyMs: 50 });
    const aborted = record(provider, STREAM);
    const closed = record(provider, STREAM);
    await settled();
    expect(pending()).toBe(2);
    aborted.exchange?.abort();
    expect(pending()).toBe(1);
    await provider.close();
    expect(pending()).toBe(0);
    expect([aborted.fault()?.kind, closed.fault()?.kind]).toEqual(["aborted", "reset"]);
  });

  test("gives the same answers to the same calls", async () => {
    const answers = async () => {
      const { provider } = open({ fault: "garbage", faultEvery: 3 });
      const recordings = Array.from({ length: 7 }, () => record(provider, STREAM));
      await settled();
      return recordings.map((recording) => recording.reports);
    };
    expect(await answers()).toEqual(await answers());
  });

  test("every frame with text stands for at least one token, and no token is under a byte", async () => {
    const CASES = [1, 2, 3, 5, 9, 10, 11, 30, 1_000];
    for (const max_tokens of CASES) {
      const { provider } = open({ chunks: 10, outputTokens: 400 });
      const options = { stream: true, stream_options: { include_usage: true }, max_tokens };
      const recording = record(provider, askRequest("openai-chat", options));
      await settled();
      const pieces = [...recording.text().matchAll(/"delta":\{"content":"([^"]*)"\}/g)];
      const text = pieces.map(([, piece]) => piece).join("");
      const billed = Number(/"completion_tokens":(\d+)/.exec(recording.text())?.[1]);
      expect(billed).toBe(Math.min(max_tokens, 400));
      expect(pieces.length).toBeLessThanOrEqual(billed);
      expect(text.length).toBeGreaterThanOrEqual(billed);
    }
  });
});

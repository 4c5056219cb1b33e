import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { SENTENCE } from "../adapters/provider/simulated/plan.ts";
import { closing, failing, pausing } from "./provider-conformance-faults.ts";
import {
  askRequest,
  FORMATS,
  type OpenProvider,
  type ProviderFixture,
  SILENCE_MS,
  until,
} from "./provider-fixture.ts";
import { record } from "./recording-sink.ts";

/** What every provider adapter and every fake of one must do. */
export function providerConformance(name: string, open: OpenProvider): void {
  describe(`provider ${name}`, () => {
    const fixtures: ProviderFixture[] = [];
    afterEach(async () => {
      for (const fixture of fixtures.splice(0)) await fixture.dispose();
    });
    const start: OpenProvider = async (script) => {
      const fixture = await open(script);
      fixtures.push(fixture);
      return fixture;
    };

    answering(start);
    holding(start);
    aborting(start);
    pausing(start);
    failing(start);
    closing(start);
  });
}

function answering(start: OpenProvider): void {
  for (const format of FORMATS) {
    for (const stream of [false, true]) {
      test(`${format}${stream ? " streamed" : ""} is a head, then data, then one end`, async () => {
        const { provider } = await start({});
        const recording = record(provider, askRequest(format, { stream }));
        await recording.over;
        await sleep(SILENCE_MS);
        expect(recording.shape()).toBe("head data end");
        expect(recording.status()).toBe(200);
        expect(recording.asked).toBe(1);
        if (!stream) expect(recording.text()).toContain(SENTENCE);
        else expect(recording.text()).toMatch(/data: (\[DONE\]|\{"type":"message_stop"\})\n\n$/);
      });
    }
  }

  test("header names are lower case and values are text", async () => {
    const { provider } = await start({});
    const recording = record(provider, askRequest("openai-chat"));
    await recording.over;
    const [head] = recording.reports;
    const headers = head?.kind === "head" ? head.headers : {};
    expect(headers["content-type"]).toBe("application/json");
    expect(Object.keys(headers).filter((key) => key !== key.toLowerCase())).toEqual([]);
  });

  test("a hundred at once get each its own answer", async () => {
    const { provider } = await start({ chunkMs: 1, chunks: 4 });
    const recordings = Array.from({ length: 100 }, (_, at) =>
      record(provider, askRequest("openai-chat", { model: `model-${at}`, stream: at % 2 === 0 })),
    );
    await Promise.all(recordings.map((recording) => recording.over));
    for (const [at, recording] of recordings.entries()) {
      expect(recording.shape()).toBe("head data end");
      expect(recording.text()).toContain(`"model-${at}"`);
    }
  });
}

function holding(start: OpenProvider): void {
  test("a request that may not be written is held, and not one byte of it leaves", async () => {
    const fixture = await start({});
    const mayWrite = () => false;
    const recording = record(fixture.provider, askRequest("openai-chat"), { mayWrite });
    await recording.over;
    await sleep(SILENCE_MS);
    expect(recording.shape()).toBe("fail");
    expect(recording.fault()).toMatchObject({ kind: "held", written: false });
    expect(recording.asked).toBe(1);
    expect(fixture.bytesWritten?.() ?? 0).toBe(0);
  });

  test("a held request does not stop the next one", async () => {
    const { provider } = await start({});
    const first = record(provider, askRequest("openai-chat"));
    await first.over;
    const held = record(provider, askRequest("openai-chat"), { mayWrite: () => false });
    const next = record(provider, askRequest("openai-chat"));
    await Promise.all([held.over, next.over]);
    expect(held.fault()).toMatchObject({ kind: "held", written: false });
    expect(next.shape()).toBe("head data end");
  });
}

function aborting(start: OpenProvider): void {
  for (let index = 0; index < 6; index++) {
    test(`an abort at chunk ${index} is one fail, with nothing after it`, async () => {
      const { provider } = await start({ chunks: 30, chunkMs: 2 });
      const recording = record(provider, askRequest("openai-chat", { stream: true }), {
        onReport: (report, at, exchange) => {
          if (report.kind === "data" && at === index) exchange.abort();
        },
      });
      await recording.over;
      await sleep(SILENCE_MS);
      expect(recording.shape()).toBe("head data fail");
      expect(recording.fault()).toMatchObject({ kind: "aborted", written: true });
      expect(recording.reports.filter((report) => report.kind === "data").length).toBe(index + 1);
    });
  }

  test("an abort at the head lets no data through", async () => {
    const { provider } = await start({});
    const recording = record(provider, askRequest("openai-chat"), {
      onReport: (report, _, exchange) => {
        if (report.kind === "head") exchange.abort();
      },
    });
    await recording.over;
    await sleep(SILENCE_MS);
    expect(recording.shape()).toBe("head fail");
  });

  test("an abort right after sending is one fail, before anything was written", async () => {
    const fixture = await start({});
    const recording = record(fixture.provider, askRequest("openai-chat"));
    recording.exchange?.abort();
    recording.exchange?.abort();
    await sleep(SILENCE_MS);
    expect(recording.shape()).toBe("fail");
    expect(recording.fault()).toMatchObject({ kind: "aborted", written: false });
    expect(recording.asked).toBe(0);
    expect(fixture.bytesWritten?.() ?? 0).toBe(0);
  });

  test("an abort while the upstream is silent is a fail of what was written", async () => {
    const { provider } = await start({ latencyMs: 60_000 });
    const recording = record(provider, askRequest("openai-chat"));
    await until(() => recording.asked === 1);
    recording.exchange?.abort();
    expect((await recording.over).kind).toBe("fail");
    expect(recording.fault()).toMatchObject({ kind: "aborted", written: true });
  });

  test("aborting, pausing and resuming after the end do nothing", async () => {
    const { provider } = await start({});
    const recording = record(provider, askRequest("openai-chat"));
    await recording.over;
    recording.exchange?.pause();
    recording.exchange?.resume();
    recording.exchange?.abort();
    await sleep(SILENCE_MS);
    expect(recording.shape()).toBe("head data end");
  });
}

import { afterEach, describe, expect, test } from "vitest";
import type { DecisionEvent, DecisionSink } from "../ports/decision-log.ts";
import { decisionEvent } from "./decision-event.ts";

/** One sink, and where its entries go. */
export interface DecisionSinkFixture {
  readonly sink: DecisionSink;
  /** What arrived, in its order; one that came twice is there twice. */
  read(): Promise<readonly DecisionEvent[]>;
  /** Nothing is taken from now on, or again. */
  away(isAway: boolean): Promise<void>;
  /** What it was given, and nobody is to see. */
  readonly secrets: readonly string[];
  dispose(): Promise<void>;
}

export type OpenDecisionSink = () => Promise<DecisionSinkFixture>;

/** What every sink of decisions must do. */
export function decisionSinkConformance(name: string, open: OpenDecisionSink): void {
  describe(`decision sink ${name}`, () => {
    const fixtures: DecisionSinkFixture[] = [];
    afterEach(async () => {
      for (const fixture of fixtures.splice(0)) await fixture.dispose();
    });
    const start: OpenDecisionSink = async () => {
      const fixture = await open();
      fixtures.push(fixture);
      return fixture;
    };
    taking(start);
    failing(start);
  });
}

function taking(start: OpenDecisionSink): void {
  test("entries arrive whole and in their order", async () => {
    const { read, sink } = await start();
    const bare = decisionEvent(1);
    const { input: _input, result: _result, span_id: _span, trace_id: _trace, ...less } = bare;
    const events = [
      decisionEvent(0),
      { ...less, metrics: {}, erased: ["/input", "/result"] },
      decisionEvent(2, { masked: ["/input/a"], custom: { engine_decision_id: "e-1" } }),
      decisionEvent(3, { result: { allow: false, deny: ["no"] }, input: null }),
      { ...less, decision_id: "d-4", req_id: 5, error: { code: "policy_limit", message: "late" } },
    ];
    await sink.send(events.slice(0, 2));
    await sink.send(events.slice(2));
    expect(await read()).toEqual(events);
  });

  test("nothing to send is nothing sent", async () => {
    const { read, sink } = await start();
    await sink.send([]);
    expect(await read()).toEqual([]);
  });

  test("what agents write arrives as they wrote it", async () => {
    const { read, sink } = await start();
    const texts = [
      "two\nlines\r\n",
      "\u2028\u2029\u0085",
      'a "quote" and a \\',
      "\u0000\u001b[31m\u202e",
      "😀 ü 中",
      "</script>${NAME}%s",
      "]}\n{[",
    ];
    const hostile = { ...Object.fromEntries(texts.map((text) => [text, text])), texts };
    const event = decisionEvent(0, { input: hostile, path: "a b/ü/%2F" });
    await sink.send([event]);
    expect(await read()).toEqual([event]);
    const member = decisionEvent(1, { input: JSON.parse('{"__proto__": {"a": 1}}') });
    await sink.send([member]);
    expect(JSON.stringify(await read())).toContain('{"__proto__":{"a":1}}');
  });

  test("many are taken at once, and large ones among them", async () => {
    const { read, sink } = await start();
    const noise = (no: number) => {
      const digits = Array.from({ length: 200 }, (_, at) => Math.sin(no * 1_000 + at));
      return decisionEvent(no, { input: { digits, agent_id: "support" } });
    };
    const events = Array.from({ length: 400 }, (_, no) => noise(no));
    await sink.send(events);
    expect((await read()).map(({ decision_id }) => decision_id)).toEqual(
      events.map(({ decision_id }) => decision_id),
    );
    expect(await read()).toEqual(events);
  });
}

function failing(start: OpenDecisionSink): void {
  test("what was not taken is rejected, and the same can be sent again", async () => {
    const { away, read, sink } = await start();
    await sink.send([decisionEvent(0)]);
    await away(true);
    const events = [decisionEvent(1), decisionEvent(2)];
    for (let no = 0; no < 3; no += 1) await expect(sink.send(events)).rejects.toThrow();
    await away(false);
    await sink.send(events);
    expect((await read()).map(({ decision_id }) => decision_id)).toEqual(["d-0", "d-1", "d-2"]);
  });

  test("its errors say nothing of its secrets, nor of what was decided", async () => {
    const { away, secrets, sink } = await start();
    await away(true);
    const error = await sink.send([decisionEvent(0)]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Error);
    for (const secret of [...secrets, "table_name", "orders"]) {
      expect(String(error)).not.toContain(secret);
    }
  });

  test("closed, twice or more, it takes nothing", async () => {
    const { read, sink } = await start();
    await sink.send([decisionEvent(0)]);
    await sink.close();
    await sink.close();
    await expect(sink.send([decisionEvent(1)])).rejects.toThrow();
    expect((await read()).length).toBe(1);
  });
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Event } from "../../../src/guards/events.ts";
import { columnsOf, eventOf, textOf } from "../../../src/telemetry/entry-text.ts";
import { settled } from "./rows.ts";

function through(event: Event): Event {
  return eventOf({ ...columnsOf(event), body: textOf(event) });
}

const count = fc.nat();
const name = fc.string({ minLength: 1 });
const numbers = fc.dictionary(name, fc.oneof(name, count));
const origin = {
  decision: name,
  call: name,
  agent: fc.option(name),
  task: fc.option(name),
  key: fc.option(name),
  revision: name,
};
const modelAsked = fc.record({
  format: fc.constantFrom("openai-chat" as const, "anthropic-messages" as const),
  model: fc.string(),
  provider: fc.option(name),
  stream: fc.boolean(),
  outputCap: fc.option(count),
  bytes: count,
  attempt: count,
});
const toolAsked = fc.record({
  server: fc.string(),
  tool: fc.string(),
  by: fc.constantFrom("mcp" as const, "dispatcher" as const),
  digest: name,
  bytes: count,
  attempt: count,
});
const asked = fc.oneof(modelAsked, toolAsked);
const answers = fc
  .uniqueArray(name.filter((one) => !/^\d+$/.test(one) && one !== "__proto__"))
  .chain((guards) =>
    fc.tuple(
      ...guards.map((guard) =>
        fc.record({
          guard: fc.constant(guard),
          answer: fc.oneof(fc.constant("allow"), name),
          numbers,
        }),
      ),
    ),
  );
const leg = {
  budget: name,
  scope: fc.string(),
  unit: fc.constantFrom("usd" as const, "tokens" as const, "calls" as const),
  window: count,
};
const usage = fc.record({
  input: count,
  cachedInput: count,
  cacheWrite5m: count,
  cacheWrite1h: count,
  inputAudio: count,
  output: count,
  reasoning: count,
  outputAudio: count,
  serverTools: fc.dictionary(name, count),
  serviceTier: fc.option(name),
});

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    ...origin,
    kind: fc.constant("call.admitted" as const),
    asked,
    answers,
    legs: fc.array(fc.record({ ...leg, reserved: count, charged: fc.constant(null) })),
  }),
  fc.record({
    ...origin,
    kind: fc.constant("call.refused" as const),
    asked: fc.option(asked),
    code: fc.constantFrom("budget.exhausted" as const, "key.invalid" as const),
    facts: numbers,
    answers,
  }),
  fc.record({
    ...origin,
    kind: fc.constant("call.settled" as const),
    asked,
    answers,
    legs: fc.array(fc.record({ ...leg, reserved: count, charged: fc.option(count) })),
    outcome: fc.constantFrom("ok" as const, "error" as const, "dropped" as const),
    status: fc.option(count),
    fault: fc.option(name),
    result: fc.option(name),
    usage: fc.option(usage),
    estimated: fc.boolean(),
    reserved: count,
    charged: count,
    sentCap: fc.option(count),
    capped: fc.boolean(),
    decidedMs: count,
    firstByteMs: fc.option(count),
    endedMs: count,
  }),
);

describe("the text of an entry", () => {
  test("gives back every event of a call as it was", () => {
    fc.assert(
      fc.property(event, (one) => {
        expect(through(one)).toEqual(one);
      }),
    );
  });

  test("gives back events that are no calls as they were", () => {
    const gap: Event = {
      kind: "journal.gap",
      writer: "aa",
      lastNo: 7,
      forfeits: [{ budget: "monthly", scope: "", unit: "tokens", amount: "12" }],
    };
    expect(through(gap)).toEqual(gap);
  });

  test("is much shorter than the event of a usual call", () => {
    const one = settled(1);
    expect(textOf(one).length * 1.8).toBeLessThan(JSON.stringify(one).length);
  });

  test("keeps times to the microsecond", () => {
    const one = { ...settled(1), endedMs: 1.23456789 } as Event;
    expect(through(one)).toMatchObject({ endedMs: 1.235 });
  });
});

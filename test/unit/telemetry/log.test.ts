import { describe, expect, test } from "vitest";
import { createLog, type Level } from "../../../src/telemetry/log.ts";
import { logEvent } from "../../../src/telemetry/log-events.ts";
import { boundedText, FIELDS_MAX, TEXT_CHARACTERS_MAX } from "../../../src/telemetry/redact.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { settled } from "./rows.ts";

function written(level: Level = "debug", form: "json" | "pretty" = "json") {
  const lines: string[] = [];
  const clock = testClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  const log = createLog({ clock, level, form, write: (line) => lines.push(line) });
  return { log, lines };
}

describe("the log", () => {
  test("writes one line of JSON for each record", () => {
    const { log, lines } = written();
    log.warn("two\nlines", { port: 4141, amount: 5n, nothing: null });
    expect(lines).toEqual([
      '{"time":"2026-01-02T03:04:05.000Z","level":"warn","message":"two\\nlines","port":4141,"amount":"5","nothing":null}\n',
    ]);
  });

  test("leaves out what is below its level", () => {
    const { log, lines } = written("warn");
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines).toHaveLength(2);
  });

  test("is readable on a terminal", () => {
    const { log, lines } = written("info", "pretty");
    log.info("ready", { url: "http://127.0.0.1:1", why: "two words" });
    expect(lines).toEqual(['03:04:05 info  ready url=http://127.0.0.1:1 why="two words"\n']);
  });

  test("tells an error with its cause", () => {
    const { log, lines } = written();
    log.error("failed", { error: new Error("outer", { cause: new Error("inner sk-abcdefgh") }) });
    const record = JSON.parse(lines[0] ?? "");
    expect(record.error.message).toBe("outer");
    expect(record.error.cause.message).toBe("inner sk-[redacted]");
    expect(lines[0]).not.toContain("abcdefgh");
  });
});

describe("what looks like a secret", () => {
  const SECRET = "0123456789abcdefABCDEF";

  test.each([
    [`key sck_${SECRET} x`, "key sck_[redacted] x"],
    [`sco_${SECRET}`, "sco_[redacted]"],
    [`sk-${SECRET}`, "sk-[redacted]"],
    [`sk-ant-api03-${SECRET}`, "sk-ant-[redacted]"],
    [`sk-proj-${SECRET}_x-y`, "sk-proj-[redacted]"],
    [`Authorization: Bearer ${SECRET}==`, "Authorization: Bearer [redacted]"],
    [`authorization: bearer sck_${SECRET}`, "authorization: bearer [redacted]"],
    [`x-api-key: ${SECRET}`, "x-api-key: [redacted]"],
    [`{"api_key":"${SECRET}"}`, '{"api_key":"[redacted]"}'],
    [`postgres://user:${SECRET}@host/db`, "postgres://user:[redacted]@host/db"],
  ])("is masked in a message: %s", (text, safe) => {
    const { log, lines } = written();
    log.info(text);
    log.info("nested", { list: [{ text }], [text]: 1 });
    expect(JSON.parse(lines[0] ?? "").message).toBe(safe);
    expect(JSON.parse(lines[1] ?? "").list[0].text).toBe(safe);
  });

  test.each(["token", "operator_token", "password", "api_key", "x-api-key", "encryption_key"])(
    "is masked by the name of its field: %s",
    (name) => {
      const { log, lines } = written();
      log.info("a", { [name]: SECRET, inner: { [name]: SECRET } });
      expect(lines[0]).not.toContain(SECRET);
    },
  );

  test("is masked in the name of a field", () => {
    const { log, lines } = written();
    log.info("a", { [`sck_${SECRET}`]: 1 });
    expect(lines[0]).not.toContain(SECRET);
  });

  test("does not take public ids and plain words with it", () => {
    for (const text of ["key_0a1b2c", "task sk-1", "12 tokens", "gpt-5-mini", "http://h:80/x@y"]) {
      expect(boundedText(text)).toBe(text);
    }
  });

  test("is masked where the cut goes through it", () => {
    const text = `${"x ".repeat(TEXT_CHARACTERS_MAX / 2 - 4)}sck_${SECRET}${SECRET}`;
    expect(boundedText(text)).not.toContain("sck_0");
  });
});

test("a record is bounded in length, number and depth", () => {
  const { log, lines } = written();
  const deep = { a: { a: { a: { a: { a: { a: 1 } } } } } };
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, no) => [`f${no}`, no]));
  log.info("m".repeat(100_000), { long: "x ".repeat(100_000), many, list: [...Array(500)], deep });
  const record = JSON.parse(lines[0] ?? "");
  expect(record.message).toHaveLength(TEXT_CHARACTERS_MAX + 1);
  expect(record.long).toHaveLength(TEXT_CHARACTERS_MAX + 1);
  expect(Object.keys(record.many)).toHaveLength(FIELDS_MAX);
  expect(record.list).toHaveLength(FIELDS_MAX);
  expect(JSON.stringify(record.deep)).toBe('{"a":{"a":{"a":{"a":"…"}}}}');
});

describe("events in the log", () => {
  const origin = {
    decision: "d",
    call: "c",
    agent: "a",
    task: "t",
    key: "key_1",
    revision: "dir:1",
  };

  test("warn of an answer that ended at its cap, and are silent on a settled call", () => {
    const { log, lines } = written();
    logEvent(log, settled(1));
    logEvent(log, { kind: "call.capped", model: "m", cap: 512, ...origin });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: "warn", agent: "a", task: "t", model: "m", cap: 512 }),
    ]);
  });

  test("tell of results that were never allowed only who looks for it: one request has many", () => {
    const { log, lines } = written("debug");
    const facts = { tool: "wipe", agent: "a" };
    const code = "manifest.unknown-tool";
    logEvent(log, { kind: "result.unallowed", tool: "wipe", code, facts, beyond: 3, ...origin });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: "debug", tool: "wipe", code, beyond: 3, task: "t" }),
    ]);
  });

  test("shout when a provider overbilled", () => {
    const { log, lines } = written();
    const amounts = { reserved: 1_000_000_000, charged: 5_000_000_000 };
    const over = { kind: "budget.overbilled", provider: "p", model: "m", ...amounts } as const;
    logEvent(log, { ...over, unit: "usd", ...origin });
    logEvent(log, { ...over, unit: "tokens", ...origin });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "error", reserved_usd: "1", charged_usd: "5" },
      { level: "error", reserved_tokens: "1000000000", charged_tokens: "5000000000" },
    ]);
  });
});

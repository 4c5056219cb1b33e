/** `slipclutch breakers replay`: from files to the moments of trips. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { slipclutch } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "slipclutch-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const START = Date.parse("2026-01-31T00:00:00Z");
const at = (minute: number) => new Date(START + minute * 60_000).toISOString();

/** Ten calls a minute for a good hour, then six hundred. */
const LOOP = Array.from({ length: 90 }, (_, no) =>
  JSON.stringify({ at: at(no), agent: "support", tool: "transcribe", n: no < 70 ? 10 : 600 }),
).join("\n");

const replay = (events: string, ...more: string[]) =>
  slipclutch(["breakers", "replay", "--events", events, ...more], { folder });

describe("breakers replay", () => {
  test("says when the default rules would have tripped, and which of them cannot be told", async () => {
    const { code, err, out } = await replay(file("loop.ndjson", `${LOOP}\n\n`), "--json");
    expect(code).toBe(0);
    expect(err.split("\n")).toEqual([
      "stuck cannot be replayed from this: counts of minutes do not say which calls were the same.",
      "token-spike cannot be replayed from this: tokens_per_task hangs on what was before the file began.",
      "error-burst cannot be replayed from this: counts of minutes say only how many calls.",
      "",
    ]);
    const [trip, ...others] = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(others).toEqual([]);
    expect(trip).toEqual({
      at: expect.stringMatching(/^2026-01-31T01:1[12]:/),
      rule: "tool-surge",
      agent: "support",
      tool: "transcribe",
      value: expect.any(Number),
      limit: 50,
    });
    expect((await replay("loop.ndjson")).out).toMatch(
      /tool-surge {2}support {2}The tool transcribe/,
    );
  });

  test("holds a rule of a file, a list of them, or slipclutch.yaml against it", async () => {
    const events = file("loop.ndjson", LOOP);
    const rule =
      "{ name: mine, signal: calls_per_tool, above: { mads: 9, of: median, over: 1h }, for: 5s, action: alert }";
    for (const text of [rule, `[${rule}]`, `version: 1\nbreakers: [${rule}]\n`]) {
      const { code, out } = await replay(events, "--rule", file("rule.yaml", text), "--json");
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ rule: "mine", agent: "support" });
    }
    const json = file("rule.json", JSON.stringify({ name: "tool-surge", above: { value: 700 } }));
    expect(await replay(events, "--rule", json)).toEqual({ code: 0, out: "", err: "" });
  });

  test("reads the journal as it is printed", async () => {
    const entry = (second: number, kind = "call.settled") => {
      const instant = new Date(START + second * 1_000).toISOString();
      const asked = { server: "desk", tool: "poll", by: "mcp", digest: "d", bytes: 2, attempt: 0 };
      return JSON.stringify({ at: instant, kind, agent: "a", task: "t", event: { asked } });
    };
    const model = JSON.stringify({
      ...{ at: at(0), kind: "call.settled", agent: "a" },
      event: { asked: { format: "openai-chat", model: "m" } },
    });
    const lines = [
      model,
      entry(0, "call.admitted"),
      ...Array.from({ length: 12 }, (_, no) => entry(no)),
    ];
    const rule = "{ name: stuck, same_result: false, above: { value: 10 }, window: 1m }";
    const events = file("journal.ndjson", lines.reverse().join("\n"));
    const { code, out } = await replay(events, "--rule", file("stuck.yaml", rule), "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      ...{ at: "2026-01-31T00:00:10.000Z", rule: "stuck", agent: "a", tool: "poll" },
      ...{ value: 11, limit: 10 },
    });
  });

  test("holds failures, refusals, money and repeats of the journal against the rules", async () => {
    const asked = { server: "desk", tool: "poll", by: "mcp", digest: "d", bytes: 2, attempt: 0 };
    const entry = (second: number, kind: string, event: object) => {
      const instant = new Date(START + second * 1_000).toISOString();
      return JSON.stringify({ at: instant, kind, agent: "a", task: "t", event });
    };
    const settled = { asked, outcome: "error", charged_usd: "0.5", result: "r" };
    const refused = { asked, code: "manifest.arguments" };
    const later = { asked, code: "clutch.parked" };
    const lines = Array.from({ length: 40 }, (_, no) => [
      entry(no, "call.settled", settled),
      ...[refused, later].map((event) => entry(no, "call.refused", event)),
      entry(no, "call.settled", { asked: { model: "m" }, outcome: "ok", charged_usd: "0.5" }),
      entry(no, "task.ended", { outcome: "ok" }),
    ]).flat();
    const window = "window: 1m, at_least: 5, action: alert";
    const rules = [
      `{ name: bad, signal: tool_error_rate, above: { value: 0.9 }, ${window} }`,
      `{ name: pushing, signal: refusals, above: { value: 20 }, ${window} }`,
      `{ name: dear, signal: spend_usd_per_hour, above: { value: 1000 }, ${window} }`,
      "{ name: stuck }",
      "{ name: idle, signal: no_progress, above: { value: 30 }, action: alert }",
    ];
    const events = file("all.ndjson", lines.join("\n"));
    const rule = file("rules.yaml", `[${rules.join()}]`);
    const { code, err, out } = await replay(events, "--rule", rule, "--json");
    expect([code, err]).toEqual([0, ""]);
    const seen = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .map(({ at: when, rule: name, tool, value }) => [
        Date.parse(when) - START,
        name,
        tool,
        value,
      ]);
    expect(seen.filter(([, name]) => name !== "stuck")).toEqual([
      [4_000, "bad", "poll", 1],
      [15_000, "idle", "poll", 31],
      [16_000, "dear", "", 1_020],
      [20_000, "pushing", "", 21],
      [31_000, "idle", "poll", 31],
    ]);
    // Of what repeats refusals count too, but not those that only wait.
    expect(seen.find(([, name]) => name === "stuck")).toEqual([4_000, "stuck", "poll", 9]);
  });

  test("fails where no rule can be held against it", async () => {
    const rule = file("stuck.yaml", "{ name: stuck }");
    const { code, err, out } = await replay(file("loop.ndjson", LOOP), "--rule", rule);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/stuck cannot be replayed/);
  });

  test.each([
    ["no JSON", "{", /line 2: it is no JSON object/],
    ["no instant", '{"agent":"a","tool":"t","n":1}', /line 2: at is no instant/],
    ["no agent", `{"at":"${at(0)}","tool":"t","n":1}`, /line 2: agent is no name/],
    ["no tool", `{"at":"${at(0)}","agent":"a","tool":"","n":1}`, /line 2: tool is no name/],
    ["half a call", `{"at":"${at(0)}","agent":"a","tool":"t","n":1.5}`, /line 2: n is no whole/],
    ["minus a call", `{"at":"${at(0)}","agent":"a","tool":"t","n":-1}`, /line 2: n is no whole/],
  ])("refuses a line with %s, and prints nothing", async (_, line, says) => {
    const good = JSON.stringify({ at: at(0), agent: "a", tool: "t", n: 1 });
    const { code, err, out } = await replay(file("bad.ndjson", `${good}\n${line}\n`));
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(says);
  });

  test("refuses a rule that is none, with its place", async () => {
    const events = file("loop.ndjson", LOOP);
    const wrong = file(
      "wrong.yaml",
      "{ name: x, signal: calls_per_tool, above: { sigmas: 2 }, action: trip }",
    );
    const { code, err } = await replay(events, "--rule", wrong);
    expect(code).toBe(1);
    expect(err).toMatch(/breakers\[0\]\.above/);
    const off = file("off.yaml", "{ name: stuck, enabled: false }");
    expect((await replay(events, "--rule", off)).err).toMatch(/a rule that is on/);
    expect((await replay("nowhere.ndjson")).err).toMatch(/nowhere\.ndjson cannot be read/);
    expect((await replay(events, "--rule", "nowhere.yaml")).err).toMatch(/cannot be read/);
  });
});

/** `slipclutch top`: what it counts, what it shows, and that it leaves the terminal as it was. */
import { afterEach, expect, test } from "vitest";
import { LastMinute } from "../../../src/cli/last-minute.ts";
import type { EntryView } from "../../../src/control/client.ts";
import { review } from "../control/operations.ts";
import { type Gateway, gateway, slipclutch } from "./harness.ts";

const AT = Date.UTC(2026, 0, 2);

let own: Gateway | null = null;

afterEach(async () => {
  await own?.listener.close();
  own = null;
});

function entry(kind: string, secondsAgo: number, more: Partial<EntryView> = {}): EntryView {
  const at = new Date(AT - secondsAgo * 1_000).toISOString();
  const place = { position: 1, writer: "aa", no: 1, decision: null, task: null, code: null };
  return { ...place, at, kind, agent: "a", hash: "", event: { outcome: "ok" }, ...more };
}

test("the calls of an agent are those of the last sixty seconds, with those that failed", () => {
  const minute = new LastMinute();
  minute.note(entry("call.settled", 61));
  minute.note(entry("call.settled", 59));
  minute.note(entry("call.settled", 10, { event: { outcome: "fault" } }));
  minute.note(entry("call.refused", 10, { event: {} }));
  minute.note(entry("call.admitted", 5));
  minute.note(entry("call.settled", 5, { agent: null }));
  minute.note(entry("call.settled", 5, { agent: "b" }));
  expect(minute.of("a", AT)).toEqual({ calls: 3, refused: 1, failed: 1 });
  expect(minute.of("b", AT)).toEqual({ calls: 1, refused: 0, failed: 0 });
  expect(minute.of("a", AT + 60_000)).toEqual({ calls: 0, refused: 0, failed: 0 });
  expect(minute.of("nobody", AT)).toEqual({ calls: 0, refused: 0, failed: 0 });
});

test("of more agents than it counts, those that did nothing for longest are forgotten", () => {
  const minute = new LastMinute();
  for (let no = 0; no < 1_001; no += 1) minute.note(entry("call.settled", 1, { agent: `a${no}` }));
  expect([minute.of("a0", AT).calls, minute.of("a1", AT).calls]).toEqual([0, 1]);
});

test("for programs it prints one snapshot", async () => {
  own = await gateway();
  own.operations.reviewRows.push(review("r-a"));
  const { code, out } = await own.ask("top", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    ready: true,
    agents: [
      { agent: "support", clutch: "disengaged", last_minute: { calls: expect.any(Number) } },
    ],
    budgets: [{ name: "support-monthly", limit_usd: "500" }],
    reviews: [{ id: "r-a" }],
  });
});

test.each([
  ["wide", 120],
  ["narrow", 44],
  ["very narrow", 30],
])("a %s terminal shows what needs a person first, within its width", async (_name, columns) => {
  own = await gateway();
  own.operations.reviewRows.push(review("r-a"));
  const { environment } = own;
  const { out } = await slipclutch(["top"], { environment, columns });
  const lines = out
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "");
  expect(lines[0]).toBe(
    columns < 60 ? "Slipclutch is ready" : "Slipclutch is ready, 1 gateways, 0 calls in flight",
  );
  expect(lines[1]).toMatch(/^trip support, 0 parked/);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  expect(out).toContain("disengaged");
  expect(out).toContain("support-monthly");
});

test.each(["SIGINT", "SIGTERM"])(
  "on a terminal it has a screen of its own, and %s leaves all as it was",
  async (wanted) => {
    own = await gateway();
    const { environment, operations } = own;
    const signals = new Map<string, () => void>();
    let drawn = 0;
    const ran = slipclutch(["top"], {
      ...{ environment, terminal: true, columns: 100 },
      onSignal: (signal, run) => signals.set(signal, run),
      onWrite: (text) => {
        if (!text.startsWith("\u001b[H")) return;
        drawn += 1;
        operations.reviewRows.push(review("r-a"));
        if (drawn === 2) signals.get(wanted)?.();
      },
    });
    const { code, out } = await ran;
    expect(code).toBe(0);
    expect(out.startsWith("\u001b[?1049h\u001b[?25l")).toBe(true);
    expect(out.endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
    // What came while it was watched is on the second screen.
    expect(out.split("\u001b[H")[1]).not.toContain("trip support");
    expect(out.split("\u001b[H")[2]).toContain("trip support");
  },
);

test("a gateway that goes away ends it with a sentence, and the terminal as it was", async () => {
  own = await gateway();
  const { environment, listener } = own;
  let drawn = 0;
  const { code, err, out } = await slipclutch(["top"], {
    ...{ environment, terminal: true, columns: 100 },
    onWrite: (text) => {
      drawn += text.startsWith("\u001b[H") ? 1 : 0;
      if (drawn === 1) void listener.close();
    },
  });
  expect(code).toBe(3);
  expect(out.endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
  expect(err).toContain("No gateway answers");
});

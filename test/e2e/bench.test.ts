/** The proofs are programs; here they run in their shortest form, for their shape. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NODE } from "../support/gateway.ts";
import { part } from "../support/parts.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const LIMIT_MS = 60_000;

function bench(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(NODE, [join(ROOT, "bench", "run.ts"), ...args], { cwd: ROOT });
    const timer = setTimeout(() => child.kill("SIGTERM"), LIMIT_MS);
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, out, err });
    });
  });
}

test(
  "many clients at once on a budget for 40 calls get exactly 40, and the last line says so",
  async () => {
    const args = ["--variant", "plain", "--quick", "--source", "--json"];
    const { code, err, out } = await bench("overspend", ...args);

    expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
    const numbers = { cap_calls: 40, admitted: 40, past_cap: 0, unused: 0, wrongly_refused: 0 };
    expect(JSON.parse(out.trimEnd().split("\n").at(-1) ?? "")).toEqual({
      ...numbers,
      variants: {
        plain: {
          ...numbers,
          limit_usd: "0.4",
          billed_usd: "0.4",
          charged_usd: "0.4",
          forfeited_usd: "0",
          uncharged_usd: "0",
          refused: 80,
          again: expect.any(Number),
        },
      },
    });
  },
  LIMIT_MS,
);

test.skipIf(!part("postgres").available)(
  "four processes on one PostgreSQL get exactly 40 too, in both formats, whole and streamed",
  async () => {
    const variants = ["plain", "streaming", "messages", "messages-streaming"];
    const chosen = variants.flatMap((name) => ["--variant", name]);
    const processes = ["--processes", "4", "--store", "postgres"];
    const args = [...chosen, ...processes, "--quick", "--source", "--json"];
    const { code, err, out } = await bench("overspend", ...args);

    expect(code, err).toBe(0);
    const result = JSON.parse(out.trimEnd().split("\n").at(-1) ?? "");
    expect(Object.keys(result.variants)).toEqual(variants);
    for (const name of variants) {
      expect(result.variants[name], name).toMatchObject({
        ...{ cap_calls: 40, admitted: 40, past_cap: 0, unused: 0, wrongly_refused: 0 },
        ...{ billed_usd: "0.4", charged_usd: "0.4", uncharged_usd: "0" },
      });
    }
  },
  LIMIT_MS,
);

test(
  "what the gateway adds to a tool call is told in numbers, with the ways it is held against",
  async () => {
    const { code, err, out } = await bench("mcp", "--quick", "--source", "--json");

    expect(code, err).toBe(0);
    const numbers = numbersOf(out);
    const positive = ["direct_p50_ms", "bare_p50_ms", "gateway_p50_ms", "gateway_p99_ms"];
    for (const name of [...positive, "cpu_us", "cpu_ratio"]) {
      expect(numbers[name], name).toBeGreaterThan(0);
    }
    expect(numbers.added_p50_ms).toBeTypeOf("number");
    expect(numbers.added_p99_ms).toBeTypeOf("number");
    expect(out.trimEnd().split("\n")).toHaveLength(1);
  },
  LIMIT_MS,
);

test(
  "what a manifest of many tools costs is told in numbers",
  async () => {
    const { code, err, out } = await bench("manifest", "--quick", "--source", "--json");

    expect(code, err).toBe(0);
    const numbers = numbersOf(out);
    for (const name of ["check_p50_us", "tools_list_500_p50_ms", "refused_10mb_p50_ms"]) {
      expect(numbers[name], name).toBeGreaterThan(0);
    }
    expect(out.trimEnd().split("\n")).toHaveLength(1);
  },
  LIMIT_MS,
);

test(
  "trips are timed where calls arrive, and a raced rate limit is counted there",
  async () => {
    const { code, err, out } = await bench("clutch", "--quick", "--source", "--json");

    expect(code, err).toBe(0);
    const numbers = numbersOf(out);
    expect(numbers).toMatchObject({
      gateways: part("postgres").available ? 2 : 1,
      ...{ pause_rounds: 1, breaker_rounds: 1, rate_limit: 100 },
    });
    for (const kind of ["pause", "breaker"]) {
      expect(numbers[`${kind}_to_last_call_median_ms`], kind).toBeGreaterThan(0);
      expect(numbers[`${kind}_to_last_call_max_ms`], kind).toBeLessThanOrEqual(1_000);
    }
    expect(numbers.rate_refused).toBeGreaterThan(100);
    expect(numbers.rate_admitted).toBeGreaterThan(100);
    expect(numbers.rate_max_in_window).toBeLessThanOrEqual(100);
  },
  LIMIT_MS,
);

test.skipIf(!part("postgres").available)(
  "four gateways that race for a rate limit get no more of it in any window",
  async () => {
    const args = ["--processes", "4", "--store", "postgres", "--quick", "--source", "--json"];
    const { code, err, out } = await bench("rates", ...args);

    expect(code, err).toBe(0);
    const numbers = numbersOf(out);
    expect(numbers).toMatchObject({ gateways: 4, rate_limit: 100, rate_windows: 3.05 });
    expect(numbers.rate_max_in_window).toBeLessThanOrEqual(100);
    // Most of each window is used, and there was much more to use it.
    expect(numbers.rate_admitted).toBeGreaterThan(200);
    expect(numbers.rate_tries).toBeGreaterThan(1_000);
  },
  LIMIT_MS,
);

test(
  "calls that wait are all there after a kill -9, and each runs once",
  async () => {
    const { code, err, out } = await bench("parked", "--quick", "--source", "--json");

    expect(code, err).toBe(0);
    const all = { calls: 100, parked_after_kill: 100, ran_after_resume: 100, ran_twice: 0 };
    expect(numbersOf(out)).toMatchObject(all);
  },
  LIMIT_MS,
);

function numbersOf(out: string): Record<string, number> {
  return JSON.parse(out.trimEnd().split("\n").at(-1) ?? "");
}

test("a variant that does not exist is named, with those that do", async () => {
  const { code, err } = await bench("overspend", "--variant", "no-such", "--source");

  expect(code).toBe(1);
  expect(err).toContain("no variant no-such; there are: plain, refunds, streaming");
});

/** What is kept of what tasks say: nothing by accident, and bounds that fit each other. */
import { describe, expect, test } from "vitest";
import { issuesOf, read, valid, withLine } from "./folder.ts";

const manifest = (more: string) => ({
  "agents/bot.yaml": `version: 1\nagent: bot\nuncapped: true\n${more}\n`,
});

test("nothing is kept unless it is written", () => {
  expect(valid(withLine("")).transcripts).toBe(null);
});

test("what is not said has a default, and an empty map is enough", () => {
  expect(valid(withLine("transcripts: {}")).transcripts).toEqual({
    ...{ keepMs: 7 * 86_400_000, bytesPerTask: 1_048_576, bytesPerCall: 65_536 },
  });
  const written = "{ keep_for: 2d, max_bytes_per_task: 4096, max_bytes_per_call: 2048 }";
  expect(valid(withLine(`transcripts: ${written}`)).transcripts).toEqual({
    ...{ keepMs: 2 * 86_400_000, bytesPerTask: 4_096, bytesPerCall: 2_048 },
  });
});

test("a manifest may say no, and not yes", () => {
  const folder = (more: string) => ({ ...withLine("transcripts: {}"), ...manifest(more) });
  const kept = (more: string) => valid(folder(more)).agents.get("bot")?.transcripts;
  expect([kept(""), kept("transcripts: false")]).toEqual([true, false]);
  const [issue] = issuesOf(folder("transcripts: true"));
  expect(issue).toMatchObject({ path: "transcripts", line: 4, got: "true" });
  expect(issue?.expected).toContain("said in slipclutch.yaml");
});

describe("a bound that cannot be kept", () => {
  test.each([
    ["max_bytes_per_task: 100000", "transcripts.max_bytes_per_task", "131072"],
    ["max_bytes_per_call: 1000000", "transcripts.max_bytes_per_call", "2000000"],
  ])("%s is refused with what would do", (line, path, least) => {
    const [issue, ...more] = issuesOf(withLine(`transcripts: { ${line} }`));
    expect([issue?.path, more]).toEqual([path, []]);
    expect(issue?.hint).toContain(`max_bytes_per_task: ${least}`);
  });

  test.each(["keep_for: 0s", "keep_for: 401d", "max_bytes_per_call: 10", "keep: 7d", "true"])(
    "%s is refused",
    (line) => {
      const text = line === "true" ? "transcripts: true" : `transcripts: { ${line} }`;
      expect(read(withLine(text)).kind).toBe("invalid");
    },
  );
});

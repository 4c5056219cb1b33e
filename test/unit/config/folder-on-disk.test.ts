import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { generateSchemas } from "../../../scripts/schemas.ts";
import { runCheck } from "../../../src/cli/check.ts";
import { runInit } from "../../../src/cli/init.ts";
import { load } from "../../../src/config/load.ts";

const NOW = Date.parse("2026-10-01T00:00:00Z");

function folder(files: Record<string, string | Uint8Array> = {}): string {
  const path = mkdtempSync(join(tmpdir(), "slipclutch-config-"));
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  return path;
}

function listen() {
  const lines: string[] = [];
  const errors: string[] = [];
  return {
    lines,
    errors,
    out: (line: string) => lines.push(line),
    err: (line: string) => errors.push(line),
  };
}

async function check(path: string, options: { json?: boolean; now?: number } = {}) {
  const heard = listen();
  const code = await runCheck({
    folder: path,
    environment: {},
    json: options.json ?? false,
    now: options.now ?? NOW,
    out: heard.out,
    err: heard.err,
  });
  return { code, ...heard };
}

const MAIN = "version: 1\nbudgets: [{ name: b, limit_usd: 1, window: day }]\n";

describe("init", () => {
  test("writes a folder that check accepts without any environment", async () => {
    const path = join(folder(), "guardrails");
    const heard = listen();
    expect(await runInit({ folder: path, out: heard.out, err: heard.err })).toBe(0);
    const { code, lines, errors } = await check(path);
    expect(errors).toEqual([]);
    expect(code).toBe(0);
    expect(lines.slice(0, 3)).toEqual([
      "agent    model            provider   input $/M  output $/M  max output  price from",
      "example  simulated-small  simulated  1          10          4096        the simulated provider",
      "example  simulated-large  simulated  10         100         1024        the simulated provider",
    ]);
  });

  test("overwrites nothing, and writes nothing beside what is there", async () => {
    const path = folder({ "prices.yaml": "# mine" });
    const heard = listen();
    expect(await runInit({ folder: path, out: heard.out, err: heard.err })).toBe(1);
    expect(heard.errors.join()).toContain("prices.yaml");
    expect(readFileSync(join(path, "prices.yaml"), "utf8")).toBe("# mine");
    expect(() => readFileSync(join(path, "slipclutch.yaml"))).toThrow("ENOENT");
  });
});

describe("check", () => {
  test("answers 1 with all issues as JSON", async () => {
    const { code, lines, errors } = await check(folder({ "slipclutch.yaml": "budget: []" }), {
      json: true,
    });
    expect(code).toBe(1);
    expect(errors).toEqual([]);
    expect(JSON.parse(lines.join())).toMatchObject({
      valid: false,
      issues: [{ path: "budget", line: 1, hint: 'Did you mean "budgets"?' }],
    });
  });

  test("answers 0 with models, prices and warnings as JSON", async () => {
    const path = folder({
      "slipclutch.yaml": MAIN,
      "agents/a.yaml": "version: 1\nagent: a\nmodels: [simulated-small]\n",
    });
    const { code, lines } = await check(path, { json: true, now: Date.parse("2030-01-01") });
    expect(code).toBe(0);
    expect(JSON.parse(lines.join())).toMatchObject({
      valid: true,
      agents: ["a"],
      models: [{ agent: "a", model: "simulated-small", input_usd: 1, output_usd: 10 }],
      warnings: [{ file: "price book", expected: "prices at most 90 days old" }],
    });
  });

  test("the table is old on its 91st day", async () => {
    const path = folder({ "slipclutch.yaml": MAIN, "agents/a.yaml": "version: 1\nagent: a\n" });
    const loaded = await load(path, { environment: {} });
    if (loaded.kind === "invalid") throw new Error("the folder is invalid");
    const made = Date.parse(loaded.configuration.prices.tableDate);
    const days = (count: number) => made + count * 86_400_000;
    expect((await check(path, { now: days(90) })).errors).toEqual([]);
    expect((await check(path, { now: days(91) })).errors.join()).toContain("91 days ago");
  });
});

describe("A folder on disk", () => {
  const issuesIn = async (path: string) => {
    const loaded = await load(path, { environment: {} });
    return loaded.kind === "invalid" ? loaded.issues : loaded.warnings;
  };

  test("that is not there is one issue", async () => {
    const issues = await issuesIn(join(folder(), "nowhere"));
    expect(issues).toMatchObject([{ got: "no folder" }]);
  });

  test("without slipclutch.yaml says so, and which file was perhaps meant", async () => {
    const issues = await issuesIn(folder({ "slipclutch.yml": MAIN }));
    expect(issues[0]).toMatchObject({ file: "slipclutch.yaml", hint: "Rename slipclutch.yml." });
  });

  test("with rules that this version does not enforce is refused, never ignored", async () => {
    for (const file of ["rollouts.yaml", "golden/a/x.json"]) {
      const [issue] = await issuesIn(folder({ "slipclutch.yaml": MAIN, [file]: "" }));
      expect(issue).toMatchObject({ expected: "nothing here" });
      expect(issue?.hint).toContain("not in this version");
    }
  });

  test("reads JSON, YAML and YML manifests, leaves hidden files alone and names other kinds", async () => {
    const path = folder({
      "slipclutch.yaml": MAIN,
      "README.md": "# mine",
      ".git/HEAD": "",
      "agents/.hidden.yaml": "nonsense",
      "agents/notes.txt": "",
      "agents/a.json": '{"version": 1, "agent": "a"}',
      "agents/b.yaml": "version: 1\nagent: b\n",
      "agents/c.yml": "version: 1\nagent: c\n",
    });
    const loaded = await load(path, { environment: {} });
    if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues));
    expect([...loaded.configuration.agents.keys()]).toEqual(["a", "b", "c"]);
    expect(loaded.warnings.map(({ file }) => file)).toEqual(["agents/notes.txt"]);
  });

  test("with one agent in two files is refused", async () => {
    const issues = await issuesIn(
      folder({
        "slipclutch.yaml": MAIN,
        "agents/a.json": '{"version": 1, "agent": "a"}',
        "agents/a.yaml": "version: 1\nagent: a\n",
      }),
    );
    expect(issues).toMatchObject([{ file: "agents/a.yaml", expected: "an agent's id of its own" }]);
  });

  test("with a file that is too large, or no text, is refused", async () => {
    const large = await issuesIn(
      folder({ "slipclutch.yaml": `${MAIN}#${"x".repeat(1024 * 1024)}` }),
    );
    expect(large[0]).toMatchObject({ expected: "at most 1048576" });
    const binary = await issuesIn(
      folder({ "slipclutch.yaml": new Uint8Array([0xff, 0xfe, 0x00]) }),
    );
    expect(binary[0]).toMatchObject({ hint: "Save it as UTF-8." });
  });
});

test.each([...generateSchemas()])(
  "schemas/%s is what the schema in the code says",
  (file, text) => {
    expect(readFileSync(new URL(`../../../schemas/${file}`, import.meta.url), "utf8")).toBe(text);
  },
);

test("Every field of every file is described", () => {
  const undescribed: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === "properties") {
        for (const [name, field] of Object.entries(value)) {
          if (!Object.hasOwn(Object(field), "description")) undescribed.push(`${path}.${name}`);
        }
      }
      visit(value, `${path}.${key}`);
    }
  };
  for (const [file, text] of generateSchemas()) visit(JSON.parse(text), file);
  expect(undescribed).toEqual([]);
});

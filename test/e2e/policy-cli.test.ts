/** `policy` as a person runs it: the real program, on real folders. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { MAIN, NODE, runCli } from "../support/gateway.ts";

/** The policy that the design begins with, as it stands. */
const EXAMPLE = `package agent.authz

default allow = false

allow {
    input.agent_id == "billing-optimizer"
    input.resource.type == "database"
    not startswith(input.resource.table_name, "customer_pii_")
}
`;
const MAIN_FILE = "version: 1\nproviders: { simulated: { kind: simulated } }\n";

const made: string[] = [];

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = mkdtempSync(join(tmpdir(), "slipclutch-policy-"));
  made.push(path);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  return path;
}

function piped(args: readonly string[], input: string) {
  const child = spawn(NODE, [MAIN, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(input);
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  return new Promise<{ code: number | null; out: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, out }));
  });
}

describe("the example policy", () => {
  const files = {
    "slipclutch.yaml": MAIN_FILE,
    "policies/agent/authz.rego": EXAMPLE,
    "policies/agent/authz_test.yaml": `- name: any table but those of customers' cards
  query: data.agent.authz.allow
  input: { agent_id: billing-optimizer, resource: { type: database, table_name: orders } }
  want: true
- name: not those
  query: data.agent.authz.allow
  input: { agent_id: billing-optimizer, resource: { type: database, table_name: customer_pii_x } }
  want: false
- name: a name that is no text is not let through
  query: data.agent.authz.allow
  input: { agent_id: billing-optimizer, resource: { type: database, table_name: [] } }
  error: eval_type_error
`,
  };

  test("is checked, tested and asked in the guardrails folder that it is in", async () => {
    const at = folder(files);
    const checked = await runCli(["policy", "check", at]);
    expect(checked.code).toBe(0);
    expect(checked.out).toContain("warning policies/agent/authz.rego:1:1: policy.v0");

    const tested = await runCli(["policy", "test", at, "--threshold", "100"]);
    expect(tested).toMatchObject({ code: 0, err: "" });
    expect(tested.out).toContain("3 passed, 0 failed");

    const asked = ["policy", "eval", at, "--json", "--query", "data.agent.authz.allow", "--input"];
    const input = `{"agent_id":"billing-optimizer","resource":{"type":"database","table_name":`;
    expect(await piped([...asked, "-"], `${input}"orders"}}`)).toEqual({
      code: 0,
      out: '{"result":true}\n',
    });
    expect(await piped([...asked, "-"], `${input}"orders"`)).toMatchObject({ code: 2 });
    writeFileSync(join(at, "input.json"), `${input}null}}`);
    const refused = await runCli([...asked, join(at, "input.json")]);
    expect(refused).toMatchObject({ code: 2, err: "" });
    expect(JSON.parse(refused.out).error.code).toBe("eval_type_error");
  });

  test("fails its tests once it lets more through", async () => {
    const wider = EXAMPLE.replace("customer_pii_", "customer_");
    const at = folder({ ...files, "policies/agent/authz.rego": wider.replace("not ", "") });
    const tested = await runCli(["policy", "test", at]);
    expect(tested.code).toBe(1);
    expect(tested.out).toContain(
      "FAILED  policies/agent/authz_test.yaml:1  any table but those of customers' cards: it answers false, not true",
    );
  });
});

describe("a folder that is hostile", () => {
  test("is read no further than its own files", async () => {
    const away = folder({ "x.rego": "package away\n\np := 1\n" });
    const at = folder({
      "big.rego": `package big # ${"x".repeat(1024 * 1024)}\n`,
      "latin.rego": Uint8Array.of(0x70, 0xff),
      "deep/data.json": "[".repeat(100_000),
      "two/data.json": "{}",
      "two/data.yaml": "a: 1\n",
    });
    symlinkSync(join(away, "x.rego"), join(at, "link.rego"));
    symlinkSync("/", join(at, "root"));
    const { code, out } = await runCli(["policy", "check", at, "--json"]);
    expect(code).toBe(1);
    const problems: { file: string; message: string }[] = JSON.parse(out).problems;
    expect(problems.map(({ file, message }) => `${file}: ${message}`)).toEqual([
      "big.rego: got 1048591 bytes, expected at most 1048576",
      "deep/data.json: got something else, expected strict JSON",
      "latin.rego: got what cannot be read, expected a readable file of UTF-8 text",
      "link.rego: got a link that leads out of the folder, expected a readable file of UTF-8 text",
      "root: got a link that leads out of the folder, expected a readable file of UTF-8 text",
      "two/data.yaml: got a document where two/data.json has one, expected each document once",
    ]);
  });

  test("with a policy that never ends is stopped", async () => {
    const at = folder({
      "a.rego": `package a

loop if {
  some i in numbers.range(1, 10000)
  some j in numbers.range(1, 10000)
  i * j == -1
}
`,
    });
    const { code, out } = await runCli(["policy", "eval", at, "--json", "--query", "data.a.loop"]);
    expect(code).toBe(2);
    expect(JSON.parse(out).error.code).toBe("eval_limit_error");
  });
});

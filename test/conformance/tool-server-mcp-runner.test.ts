/** The MCP adapter under the protocol's own conformance runner, as a client of its servers. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NODE } from "../support/gateway.ts";

const RUNNER = join(
  import.meta.dirname,
  "../../node_modules/@modelcontextprotocol/conformance/dist/index.js",
);
const CLIENT = join(import.meta.dirname, "../support/conformance-client.ts");
const SCENARIO_MS = 60_000;

/**
 * All that a client of tools has to do. Not here: authorization (credentials are configured), input
 * for a server (`sep-2322-…`, elicitation: not granted), and streams that are taken up again after
 * their server closed them (`sse-retry`: a call that was cut is a fault).
 */
const SCENARIOS = [
  "initialize",
  "tools_call",
  "request-metadata",
  "http-standard-headers",
  "http-custom-headers",
  "http-invalid-tool-headers",
  "json-schema-ref-no-deref",
  "json-schema-2020-12-preservation",
];

function run(scenario: string, folder: string): Promise<{ code: number; out: string }> {
  const args = [RUNNER, "client", "--command", `${NODE} ${CLIENT}`, "--scenario", scenario];
  return new Promise((resolve) => {
    execFile(NODE, args, { cwd: folder, timeout: SCENARIO_MS }, (error, out, err) => {
      resolve({ code: error === null ? 0 : 1, out: out + err });
    });
  });
}

test.for(SCENARIOS)(
  "the conformance runner is content: %s",
  { timeout: SCENARIO_MS },
  async (one) => {
    const folder = await mkdtemp(join(tmpdir(), "slipclutch-conformance-"));
    const { code, out } = await run(one, folder);
    expect(out).toMatch(/OVERALL: PASSED/);
    expect(out).toMatch(/, 0 failed, 0 warnings/);
    expect(code).toBe(0);
    await rm(folder, { recursive: true });
  },
);

/** MCP Inspector's command line, unmodified, lists and calls through the gateway. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NODE } from "../support/gateway.ts";
import { mcpInspector } from "../support/inspector.ts";
import { part } from "../support/parts.ts";
import { STATION_KEY, type Station, station } from "../support/station.ts";
import { madeUp, tool, WELL } from "./mcp-scene.ts";

const PROGRAM_MS = 60_000;

describe.skipIf(!part("inspector").available)("MCP Inspector", () => {
  let gateway: Station;
  let home: string;

  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), "slipclutch-inspector-"));
    gateway = await station({
      toolServers: [
        madeUp(
          "desk",
          () => ["echo", "other"].map((name) => tool(name)),
          () => WELL,
        ),
      ],
      tools: { desk: ["echo"] },
      manifest: { allowed_tools: [{ tool_name: "echo" }] },
    });
  });

  afterAll(async () => {
    await gateway.stop();
    await rm(home, { recursive: true, force: true });
  });

  function inspect(...args: readonly string[]): Promise<{ code: number | null; out: string }> {
    const url = ["--cli", `${gateway.url}/mcp`, "--transport", "http"];
    const key = ["--header", `authorization: Bearer ${STATION_KEY}`];
    const options = { env: { ...process.env, HOME: home } };
    const child = spawn(NODE, [mcpInspector() ?? "", ...url, ...key, ...args], options);
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, out }));
    });
  }

  test(
    "lists what is granted",
    async () => {
      const { code, out } = await inspect("--method", "tools/list");
      expect(code).toBe(0);
      const { tools } = JSON.parse(out) as { tools: { name: string }[] };
      expect(tools.map(({ name }) => name)).toEqual(["echo", "slipclutch_budget"]);
    },
    PROGRAM_MS,
  );

  test(
    "calls it",
    async () => {
      const call = ["--method", "tools/call", "--tool-name", "echo", "--tool-arg", "n=1"];
      const { code, out } = await inspect(...call);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ content: [{ text: "done" }], isError: false });
    },
    PROGRAM_MS,
  );
});

/**
 * A scriptable MCP server on its pipes, for tests: the folder in its first argument has its script
 * (`script.json`, read again for every message) and takes down what arrived (`arrivals.ndjson`).
 */
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const folder = process.argv[2];
const STATELESS = "2026-07-28";
const ANY_OBJECT = { type: "object" };

const script = () => JSON.parse(readFileSync(join(folder, "script.json"), "utf8"));
const note = (what) => appendFileSync(join(folder, "arrivals.ndjson"), `${JSON.stringify(what)}\n`);
const write = (text) => process.stdout.write(`${text}\n`);
const result = (id, value) => write(JSON.stringify({ jsonrpc: "2.0", id, result: value }));
const error = (id, code, message) =>
  write(JSON.stringify({ jsonrpc: "2.0", id, error: { code, message } }));

const begun = script();
note({ started: process.pid, args: process.argv.slice(3), env: process.env, cwd: process.cwd() });
if (begun.stubborn) {
  process.on("SIGTERM", () => note({ signal: "SIGTERM" }));
  setInterval(() => undefined, 1_000);
}
if (begun.helper) {
  // Holds its pipes, as what `npx` starts does.
  const helper = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"], {
    stdio: "inherit",
  });
  helper.unref();
  note({ helper: helper.pid });
}
if (begun.murmur) process.stderr.write(begun.murmur);
if (begun.exitAtStart !== null) process.exit(begun.exitAtStart);

const ANSWERS = {
  well: (id, { name, arguments: given, _meta: meta }) => {
    if (name === "fail") {
      return result(id, { content: [{ type: "text", text: "it failed" }], isError: true });
    }
    const content = [{ type: "text", text: JSON.stringify(given) }];
    result(id, { content, structuredContent: { given, meta: meta ?? null } });
  },
  half: () => process.stdout.write('{"jsonrpc":"2.0","id":', () => process.exit(0)),
  reset: () => process.exit(7),
  killed: () => process.kill(process.pid, "SIGKILL"),
  never: () => undefined,
  deaf: () => {
    process.stdin.pause();
    setInterval(() => undefined, 1_000);
  },
  garbage: () => write("Listening on stdio …"),
  empty: () => write(""),
  "no-utf8": () => process.stdout.write(Buffer.from([0xff, 0xfe, 0x0a])),
  "http-500": (id) => error(id, -32_603, "went wrong"),
  redirect: (id) => error(id, -32_000, "elsewhere"),
  gzip: () => process.stdout.write(Buffer.from([0x1f, 0x8b, 0x08, 0x0a])),
  "no-content": (id) => result(id, { task: {} }),
  anonymous: () => error(null, -32_700, "what?"),
  "closed-output": () => process.stdout.end(),
  input: (id) => {
    const request = { method: "elicitation/create", params: { message: "your name?" } };
    result(id, { resultType: "input_required", inputRequests: { a: request } });
  },
  huge: (id) => {
    const text = "x".repeat(script().hugeBytes);
    result(id, { content: [{ type: "text", text }] });
  },
  endless: () => {
    const more = () => {
      while (process.stdout.write("x".repeat(65_536)));
      process.stdout.once("drain", more);
    };
    more();
  },
  flood: () => {
    const notice = `${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message" })}\n`;
    const more = () => {
      while (process.stdout.write(notice.repeat(1_000)));
      process.stdout.once("drain", more);
    };
    more();
  },
};

function discover(id, how) {
  if (how === "silent") return;
  if (how === "exit") process.exit(3);
  if (how === "error") return error(id, -32_601, "no such method");
  const supportedVersions = how === "handshake" ? ["2025-11-25"] : [STATELESS];
  result(id, { resultType: "complete", supportedVersions, capabilities: { tools: {} } });
}

function initialize(id, how) {
  if (how === "silent") return;
  if (how === "exit") process.exit(4);
  if (how === "error") return error(id, -32_601, "only 2026-07-28 is spoken here");
  const serverInfo = { name: "scripted", version: "1" };
  const protocolVersion = how === "old" ? "1999-01-01" : "2025-11-25";
  result(id, { protocolVersion, capabilities: { tools: {} }, serverInfo });
}

const TOOLS = [
  { name: "echo", description: "Answers with its arguments.", inputSchema: ANY_OBJECT },
  { name: "fail", description: "Says that it failed.", inputSchema: ANY_OBJECT },
];

function answer(message) {
  const { id, method, params = {} } = message;
  const now = script();
  for (const line of now.before) write(line);
  const { progressToken } = params._meta ?? {};
  for (const said of progressToken === undefined ? [] : now.progress) {
    const about = { progressToken, ...said };
    write(JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params: about }));
  }
  switch (method) {
    case "server/discover":
      return discover(id, now.discover);
    case "initialize":
      return initialize(id, now.initialize);
    case "tools/list":
      return result(id, { tools: now.tools ?? TOOLS });
    case "tools/call":
      return setTimeout(() => ANSWERS[now.call](id, params), now.latencyMs);
    default:
      if (id !== undefined && method !== undefined) error(id, -32_601, "no such method");
  }
}

// A slow start: what was written meanwhile waits in the pipe.
setTimeout(() => {
  createInterface({ input: process.stdin }).on("line", (line) => {
    const message = JSON.parse(line);
    note({ message });
    answer(message);
  });
  process.stdin.on("end", () => note({ ended: true }));
}, begun.slowMs);

/**
 * `npm run bench -- manifest`: holding one tool call against a manifest of a hundred tools, with
 * nothing around it; a list of 500 tools; and 10 MB of arguments that are refused.
 */
import { readFiles } from "../../src/config/read.ts";
import { lookAtTool } from "../../src/guards/decide.ts";
import type { Manifest } from "../../src/guards/manifest/manifest.ts";
import { resolveTool } from "../../src/guards/tool/names.ts";
import { mcpFixture } from "../../src/testing/mcp-fixture.ts";
import {
  type Gateway,
  keyFor,
  programToRun,
  startGateway,
  stopGateway,
  temporaryFolder,
  writeFolder,
} from "../gateways.ts";
import { median } from "../median.ts";
import { CORE_UNDER_TEST } from "../processes.ts";
import { Report } from "../speed/report.ts";

export interface ManifestOptions {
  readonly quick: boolean;
  readonly source: boolean;
  readonly json: boolean;
}

const AGENT = "benchmark";
const TOOLS = 100;
const LISTED = 500;
const BATCH = 2_000;
const FULL = { batches: 200, lists: 200, bodies: 50 };
const QUICK = { batches: 40, lists: 40, bodies: 10 };
const REFUSED_BYTES = 10 * 1024 * 1024;
const STATUS_TOO_LARGE = 413;
const MS_TO_US = 1_000;

const SCHEMA = {
  type: "object",
  properties: {
    table: { enum: ["tickets", "users", "orders"] },
    id: { type: "string", pattern: "^[A-Z]+-[0-9]+$", maxLength: 40 },
    limit: { type: "integer", minimum: 1, maximum: 100 },
  },
  required: ["table", "id"],
};
const GIVEN = { table: "tickets", id: "TICKET-4711", limit: 10 };

export async function manifest({ json, quick, source }: ManifestOptions): Promise<number> {
  const size = quick ? QUICK : FULL;
  const report = new Report(json);
  checks(size.batches, report);
  await overHttp(size, source, report);
  report.end();
  return 0;
}

function toolsOf(count: number) {
  return Array.from({ length: count }, (_, no) => ({
    ...{ tool_name: `tool_number_${no}`, server: "desk", arguments: structuredClone(SCHEMA) },
  }));
}

function folderOf(url: string, count: number) {
  const declared = toolsOf(count).map(({ tool_name }) => [tool_name, { effect: "read" }] as const);
  return {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: { desk: { kind: "mcp", url, tools: Object.fromEntries(declared) } },
      budgets: [{ name: "monthly", agent: AGENT, limit_usd: 1_000, window: "month" }],
    },
    [`agents/${AGENT}.yaml`]: {
      version: 1,
      agent: AGENT,
      allowed_tools: toolsOf(count),
      blacklisted_tools: ["delete_ticket", "drop_table"],
    },
  };
}

/** By each of three spellings in turn, as clients differ; beside parsing the same arguments. */
function checks(batches: number, report: Report): void {
  const held = manifestOf();
  const text = JSON.stringify(GIVEN);
  let no = 0;
  const check = () => {
    const tool = `tool_number_${no % TOOLS}`;
    const name = [tool, `desk__${tool}`, `mcp__us__desk__${tool}`][no % 3] ?? tool;
    no += 1;
    const resolved = resolveTool(name, held.tools, null);
    if (typeof resolved === "string") throw new Error(`${name} is ${resolved}`);
    const ask = {
      ...{ server: resolved.server, tool: resolved.tool, arguments: GIVEN, digest: "" },
      ...{ bytes: text.length, callId: null },
    };
    const facts = { ask, resolved, manifest: held, grants: held.tools, offered: null, policy: [] };
    const { denial } = lookAtTool(facts);
    if (denial !== null) throw new Error(`refused: ${denial.code}`);
  };
  const seen: number[] = [];
  const parsed: number[] = [];
  // The first batch is for the compilers: of schemas, and of the program.
  for (let batch = 0; batch <= batches; batch += 1) {
    const [one, other] = [timed(check), timed(() => JSON.parse(text))];
    if (batch > 0) seen.push(one);
    if (batch > 0) parsed.push(other);
  }
  report.barred("check_p50_us", median(seen), 10, "µs");
  report.number("check_max_us", Math.max(...seen), "µs");
  report.number("check_to_json_parse", median(seen) / median(parsed), "×");
}

/** Microseconds of one of a batch. */
function timed(run: () => void): number {
  const begun = performance.now();
  for (let no = 0; no < BATCH; no += 1) run();
  return ((performance.now() - begun) * MS_TO_US) / BATCH;
}

function manifestOf(): Manifest {
  const files = Object.entries(folderOf("http://127.0.0.1:9/mcp", TOOLS));
  const texts = new Map(files.map(([file, value]) => [file, JSON.stringify(value)]));
  const loaded = readFiles(texts, { environment: {}, today: null });
  const found = loaded.kind === "ok" ? loaded.configuration.agents.get(AGENT) : undefined;
  if (found === undefined) throw new Error("the folder of the benchmark is not valid");
  return found;
}

async function overHttp(size: typeof FULL, source: boolean, report: Report): Promise<void> {
  const listed = toolsOf(LISTED).map(({ tool_name: name }) => {
    return { name, description: `The tool ${name}.`, inputSchema: SCHEMA };
  });
  const desk = await mcpFixture({ tools: listed });
  const gateway = await startGateway({
    main: programToRun(source),
    configFolder: writeFolder(folderOf(desk.url, LISTED)),
    dataFolder: temporaryFolder(),
    store: null,
    core: CORE_UNDER_TEST,
  });
  try {
    const headers = { authorization: `Bearer ${await keyFor(gateway, AGENT)}` };
    await lists(gateway, headers, size.lists, report);
    await refusals(gateway, headers, size.bodies, report);
  } finally {
    await stopGateway(gateway);
    await desk.close();
  }
}

type Headers = Readonly<Record<string, string>>;

async function lists(gateway: Gateway, headers: Headers, count: number, report: Report) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const seen = await each(count, async () => {
    const answer = await post(gateway, "/mcp", { headers, body });
    const { result } = JSON.parse(await answer.text());
    // The gateway's own tool stands behind them.
    if (result.tools.length !== LISTED + 1) throw new Error(`${result.tools.length} tools`);
  });
  report.barred("tools_list_500_p50_ms", median(seen), 5, "ms");
  report.number("tools_list_500_max_ms", Math.max(...seen), "ms");
}

async function refusals(gateway: Gateway, headers: Headers, count: number, report: Report) {
  const body = JSON.stringify({ arguments: { x: "y".repeat(REFUSED_BYTES) } });
  const seen = await each(count, async () => {
    const at = "/guard/v1/tools/tool_number_0/call";
    const answer = await post(gateway, at, { headers, body });
    await answer.arrayBuffer();
    if (answer.status !== STATUS_TOO_LARGE) throw new Error(`answered ${answer.status}`);
  });
  report.barred("refused_10mb_p50_ms", median(seen), 50, "ms");
  report.number("refused_10mb_max_ms", Math.max(...seen), "ms");
}

/** Milliseconds of each, one after the other; the first is not counted. */
async function each(count: number, run: () => Promise<void>): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let no = 0; no <= count; no += 1) {
    const begun = performance.now();
    await run();
    if (no > 0) seen.push(performance.now() - begun);
  }
  return seen;
}

function post(
  { agentUrl }: Gateway,
  path: string,
  { body, headers }: { readonly body: string; readonly headers: Headers },
): Promise<Response> {
  const own = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  return fetch(agentUrl + path, { method: "POST", headers: { ...own, ...headers }, body });
}

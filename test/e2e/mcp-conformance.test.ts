/**
 * The official conformance runner, once with the gateway as the server and once with our road to
 * tool servers as the client. What is not offered on purpose is listed here with its reason; a
 * scenario that fails beside these, or passes although it is here, fails the test.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forget, NODE, startGateway, type TestGateway } from "../support/gateway.ts";
import {
  CONFORMANCE_TOOLS,
  conformanceTools,
  type Listening,
  runClientScenario,
  runServerScenarios,
  type ScenarioRun,
  withKey,
} from "../support/mcp-conformance.ts";
import { CONFORMANCE_LIBRARY } from "../support/mcp-conformance-library.ts";

const [OLD, NOW, STATELESS] = ["2025-06-18", "2025-11-25", "2026-07-28"];
const SCENARIOS_MS = 120_000;

let tools: Listening;
let gateway: TestGateway;
let door: Listening;

beforeAll(async () => {
  tools = await conformanceTools();
  const effects = Object.fromEntries(CONFORMANCE_TOOLS.map((name) => [name, { effect: "read" }]));
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        tool_servers: { desk: { kind: "mcp", url: `${tools.url}/mcp`, tools: effects } },
        budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: CONFORMANCE_TOOLS.map((tool_name) => ({ tool_name })),
        ...CONFORMANCE_LIBRARY,
      },
    },
  });
  door = await withKey(gateway.agentUrl, gateway.agentKey);
});

afterAll(async () => {
  await door.close();
  await gateway.stop();
  await forget(gateway);
  await tools.close();
});

/** Why a scenario is not passed, and the scenarios with the checks that fail for it. */
interface NotOffered {
  readonly because: string;
  readonly failed: Readonly<Record<string, readonly string[]>>;
}

/** Whose one check bears the name of the scenario. */
function plain(...scenarios: readonly string[]): NotOffered["failed"] {
  return Object.fromEntries(scenarios.map((scenario) => [scenario, [scenario]]));
}

const NOT_ASKED = "Nobody asks the agent's user or model anything in the middle of a call.";

const HANDSHAKE: readonly NotOffered[] = [
  {
    because: "No client is told of a change: it would take a connection for each.",
    failed: plain("resources-subscribe", "resources-unsubscribe"),
  },
  {
    because: "Nobody completes arguments: that would tell what a server has.",
    failed: plain("completion-complete"),
  },
  {
    because: "A server's log lines are not for agents.",
    failed: plain("logging-set-level", "tools-call-with-logging"),
  },
  { because: NOT_ASKED, failed: plain("tools-call-elicitation", "tools-call-sampling") },
];

const AS_SERVER: Readonly<Record<string, readonly NotOffered[]>> = {
  [`${OLD}`]: HANDSHAKE,
  [`${NOW}`]: [
    ...HANDSHAKE,
    {
      because: NOT_ASKED,
      failed: {
        "elicitation-sep1034-defaults": ["elicitation-sep1034-general"],
        "elicitation-sep1330-enums": ["elicitation-sep1330-general"],
      },
    },
  ],
  [`${STATELESS}`]: [
    {
      because: "Nobody completes arguments: that would tell what a server has.",
      failed: plain("completion-complete"),
    },
    {
      because: "The mark that asks for headers is taken off, so no tool has one to be checked.",
      failed: {
        "http-custom-header-server-validation": [
          "sep-2243-server-decode-base64",
          "sep-2243-server-no-xmcp-tool",
          "sep-2243-server-reject-invalid-param-chars",
          "sep-2243-server-reject-param-mismatch",
          "sep-2243-server-validate-param-match",
        ],
      },
    },
    {
      because: NOT_ASKED,
      failed: {
        "input-required-result-basic-elicitation": ["sep-2322-elicitation-incomplete"],
        "input-required-result-basic-list-roots": ["sep-2322-list-roots-incomplete"],
        "input-required-result-basic-sampling": ["sep-2322-sampling-incomplete"],
        "input-required-result-capability-check": ["sep-2322-respect-client-capabilities"],
        "input-required-result-multi-round": ["sep-2322-multi-round-r1"],
        "input-required-result-multiple-input-requests": ["sep-2322-multiple-inputs-incomplete"],
        "input-required-result-non-tool-request": ["sep-2322-non-tool-incomplete"],
        "input-required-result-request-state": ["sep-2322-request-state-incomplete"],
        "input-required-result-result-type": ["sep-2322-result-type-included"],
        "input-required-result-tampered-state": ["sep-2322-reject-tampered-state"],
        "server-stateless": [
          "sep-2575-missing-capability-http-400",
          "sep-2575-server-rejects-undeclared-capability",
        ],
      },
    },
  ],
};

/** By scenario, as the runs tell it. */
function failing(runs: readonly ScenarioRun[]): Readonly<Record<string, readonly string[]>> {
  const failed = runs.filter((run) => run.failed.length > 0);
  return Object.fromEntries(failed.map((run) => [run.scenario, run.failed]));
}

function expected(list: readonly NotOffered[]): Readonly<Record<string, readonly string[]>> {
  return Object.assign({}, ...list.map(({ failed }) => failed));
}

describe("the gateway as a server passes what concerns tools, resources and prompts", () => {
  const paths = Object.keys(AS_SERVER).flatMap((version) =>
    ["/mcp", "/mcp/desk"].map((path) => [version, path] as const),
  );
  test.each(paths)(
    "%s at %s",
    async (version, path) => {
      const runs = await runServerScenarios(door.url + path, version);
      expect(failing(runs)).toEqual(expected(AS_SERVER[version] ?? []));
      const passed = runs.filter(({ failed }) => failed.length === 0).map((run) => run.scenario);
      // Were it not for these, a runner that ran nothing would pass.
      const some = ["tools-list", "tools-call-error", "resources-read-binary", "prompts-list"];
      expect(passed).toEqual(expect.arrayContaining(some));
    },
    SCENARIOS_MS,
  );
});

describe("our road to tool servers as a client", () => {
  const program = join(import.meta.dirname, "..", "support", "mcp-conformance-client.ts");
  const passes = ["initialize", "tools_call", "json-schema-2020-12-preservation"];

  test.each(passes)(
    "passes %s",
    async (scenario) => {
      const runs = await runClientScenario(`${NODE} ${program}`, scenario, `${NOW}`);
      expect(runs).toMatchObject([{ scenario, failed: [] }]);
    },
    SCENARIOS_MS,
  );

  test.each([
    ["sse-retry", "A call is never asked for twice, so not over a second stream either."],
    ["elicitation-sep1034-client-defaults", NOT_ASKED],
  ])(
    "does not pass %s: %s",
    async (scenario) => {
      const [run] = await runClientScenario(`${NODE} ${program}`, scenario, `${NOW}`);
      expect(run?.failed).not.toEqual([]);
    },
    SCENARIOS_MS,
  );
});

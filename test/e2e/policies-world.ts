/** A gateway with policies, tools and models behind it, and what can be asked of it. */
import path from "node:path";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
import { forget, startGateway, type TestGateway, writeFolder } from "../support/gateway.ts";
import { type ScriptedModel, scriptedModel } from "../support/scripted-model.ts";

// biome-ignore lint/suspicious/noExplicitAny: settings and answers are data here
type Json = any;

const PATIENCE = "20s";
export const PRICE = { input: 1, output: 1, context_window: 100_000, max_output: 1_000 };

export interface PolicyFolder {
  /** Below `policies/`. */
  readonly policies: Readonly<Record<string, string>>;
  readonly bound: readonly Json[];
  readonly engine?: Json;
  /** More of slipclutch.yaml, and of the manifest of `worker`. */
  readonly more?: Json;
  readonly manifest?: Json;
  /** Further agents, by their names: more of their manifests. */
  readonly others?: Readonly<Record<string, Json>>;
}

export interface Asked {
  readonly status: number;
  readonly json: Json;
  readonly headers: Headers;
  readonly decision: string;
}

export class PolicyWorld {
  readonly desk: McpFixture;
  readonly model: ScriptedModel;
  readonly gateway: TestGateway;

  static async open(folder: PolicyFolder): Promise<PolicyWorld> {
    const query = { name: "query", inputSchema: { type: "object" } };
    const desk = await mcpFixture({ tools: [...MCP_SCRIPT.tools, query] });
    const model = await scriptedModel();
    const config = folderOf(folder, { desk, model });
    return new PolicyWorld({ desk, model }, await startGateway({ config }));
  }

  private constructor({ desk, model }: Behind, gateway: TestGateway) {
    this.desk = desk;
    this.model = model;
    this.gateway = gateway;
  }

  async end(): Promise<void> {
    await this.gateway.stop("SIGKILL");
    await forget(this.gateway);
    await this.model.close();
    await this.desk.close();
  }

  /** Writes the folder anew and reloads; the answer of the reload. */
  async load(folder: PolicyFolder): Promise<Json> {
    await writeFolder(folderOf(folder, this), this.gateway.configFolder);
    return (await this.gateway.api("POST", "/api/v1/reload")).json();
  }

  tool(name: string, given: Json, headers: Record<string, string> = {}): Promise<Asked> {
    return this.post(`/guard/v1/tools/${name}/call`, { arguments: given }, headers);
  }

  chat(body: Json = {}, headers: Record<string, string> = {}): Promise<Asked> {
    const messages = [{ role: "user", content: "hello" }];
    return this.post("/v1/chat/completions", { model: "m", messages, ...body }, headers);
  }

  async post(at: string, body: Json, headers: Record<string, string> = {}): Promise<Asked> {
    const answer = await fetch(`${this.gateway.agentUrl}${at}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${this.gateway.agentKey}`,
        "content-type": "application/json",
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    const [decision = ""] = (answer.headers.get("x-slipclutch-decision") ?? "").split(";");
    const json = await answer.json();
    return { status: answer.status, json, headers: answer.headers, decision };
  }

  /** "200", or the code of the refusal. */
  async outcome(asked: Promise<Asked>): Promise<string> {
    const { json, status } = await asked;
    return json.code ?? String(status);
  }

  /** What `slipclutch explain` shows: each guard with what it said. */
  async explained(decision: string): Promise<Json> {
    return (await this.gateway.api("GET", `/api/v1/decisions/${decision}`)).json();
  }
}

interface Behind {
  readonly desk: McpFixture;
  readonly model: ScriptedModel;
}

function folderOf(folder: PolicyFolder, behind: Behind) {
  const { bound, engine, manifest, more, others = {}, policies } = folder;
  const { desk, model } = behind;
  return {
    "slipclutch.yaml": {
      version: 1,
      providers: {
        openai: { kind: "openai", api_key: "k", base_url: model.url, models: ["m"] },
        anthropic: { kind: "anthropic", api_key: "k", base_url: model.url, models: ["m"] },
      },
      tool_servers: {
        desk: {
          kind: "mcp",
          url: desk.url,
          tools: {
            ...{ echo: { effect: "read" }, fail: { effect: "write" } },
            query: { sql: "/arguments/sql" },
          },
        },
        own: { kind: "agent", tools: { pay: { effect: "write" } } },
      },
      budgets: [{ name: "all", agent: "worker", limit_usd: 50, window: "lifetime" }],
      policies: bound,
      // The machine of the tests is busy: what a policy says must not hang on that.
      policy_engine: { timeout: PATIENCE, ...engine },
      ...more,
    },
    "prices.yaml": { version: 1, openai: { m: PRICE }, anthropic: { m: PRICE } },
    "agents/worker.yaml": {
      ...{ version: 1, agent: "worker", labels: { team: "care", owner: "ann" } },
      refusal_rounds: 0,
      allowed_tools: [
        { tool_name: "echo" },
        { tool_name: "fail", read_only: false },
        { tool_name: "query", read_only: false, resource: { sql_tables: "/arguments/sql" } },
        { tool_name: "pay", read_only: false },
      ],
      ...manifest,
    },
    ...Object.fromEntries(
      Object.entries(others).map(([agent, more]) => [
        `agents/${agent}.yaml`,
        { version: 1, agent, ...more },
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(policies).map(([name, text]) => [path.posix.join("policies", name), text]),
    ),
  };
}

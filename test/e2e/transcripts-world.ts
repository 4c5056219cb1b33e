/** A gateway that keeps transcripts, between a scripted model and a tool server. */
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { type Folder, forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type ScriptedModel, scriptedModel } from "../support/scripted-model.ts";

// Settings and answers are data here.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any;

const PRICE = { input: 1, output: 1, context_window: 200_000, max_output: 1_000 };

export class TranscriptWorld {
  readonly model: ScriptedModel;
  readonly desk: McpFixture;
  gateway: TestGateway;
  #tasks = 0;

  static async open(transcripts: Json = {}): Promise<TranscriptWorld> {
    const [model, desk] = [await scriptedModel(), await mcpFixture()];
    const gateway = await startGateway({ config: folderOf(model, desk, transcripts) });
    return new TranscriptWorld(model, desk, gateway);
  }

  private constructor(model: ScriptedModel, desk: McpFixture, gateway: TestGateway) {
    this.model = model;
    this.desk = desk;
    this.gateway = gateway;
  }

  /** The process dies, and another one starts on its data. */
  async kill(): Promise<void> {
    await this.gateway.stop("SIGKILL");
    const { agentKey, configFolder, dataFolder } = this.gateway;
    const flags = ["--config", configFolder];
    const again = await startGateway({ config: null, data: dataFolder, flags });
    this.gateway = { ...again, agentKey, configFolder };
  }

  async close(): Promise<void> {
    await this.gateway.stop("SIGKILL");
    await forget(this.gateway);
    await this.model.close();
    await this.desk.close();
  }

  newTask(): string {
    this.#tasks += 1;
    return `task-${this.#tasks}`;
  }

  /** Where an official client of this task sends its calls. */
  base(task: string, family: "openai" | "anthropic"): string {
    const at = `${this.gateway.agentUrl}/t/${task}`;
    return family === "openai" ? `${at}/v1` : at;
  }

  /** A chat call as the agent makes it. */
  chat(task: string, messages: readonly Json[], more: Json = {}): Promise<Response> {
    const headers = { "x-slipclutch-task": task };
    return this.call("/v1/chat/completions", { model: "m", messages, ...more }, headers);
  }

  /** A call of a tool, by the dispatcher. */
  tool(task: string, name: string, given: Json): Promise<Response> {
    const headers = { "x-slipclutch-task": task };
    return this.call(`/guard/v1/tools/${name}/call`, { arguments: given }, headers);
  }

  /** With the key of the first start, which later ones do not tell. */
  call(path: string, body: Json, headers: Readonly<Record<string, string>>): Promise<Response> {
    const authorization = `Bearer ${this.gateway.agentKey}`;
    return this.gateway.call(path, body, { authorization, ...headers });
  }

  async transcript(task: string, agent = "worker"): Promise<Json> {
    const path = `/api/v1/tasks/${agent}/${encodeURIComponent(task)}/transcript?limit=400`;
    const answer = await this.gateway.api("GET", path);
    return answer.json();
  }

  /** Each entry as a short line. */
  async lines(task: string): Promise<readonly string[]> {
    const { entries } = await this.transcript(task);
    return entries.flatMap(linesOf);
  }
}

function linesOf(entry: Json): readonly string[] {
  switch (entry.kind) {
    case "message":
      return [`${entry.role}: ${entry.parts.map(partOf).join(" | ")}`];
    case "verdict":
      return [`(${entry.verdict} ${entry.why})`];
    case "call":
      return [`(${entry.tool} ${entry.arguments} ${entry.verdict} ${entry.why ?? ""})`];
    default:
      return [`(${entry.tool} ${entry.outcome} ${entry.text})`];
  }
}

function partOf(part: Json): string {
  if (part.kind === "call") return `${part.name} ${part.arguments.replaceAll(" ", "")}`;
  return part.kind === "result" ? `= ${part.text}` : part.text;
}

function folderOf(model: ScriptedModel, desk: McpFixture, transcripts: Json): Folder {
  return {
    "slipclutch.yaml": {
      version: 1,
      ...(transcripts === null ? {} : { transcripts }),
      providers: {
        openai: { kind: "openai", api_key: "provider-secret", base_url: model.url },
        anthropic: { kind: "anthropic", api_key: "provider-secret", base_url: model.url },
      },
      tool_servers: {
        desk: {
          ...{ kind: "mcp", url: desk.url },
          tools: { echo: { effect: "read" }, fail: { effect: "read" } },
        },
        own: { kind: "agent", tools: { weather: { effect: "read" } } },
        asked: { kind: "agent", asks: true, tools: { search: { effect: "read" } } },
      },
      breakers: [
        { name: "stuck", enabled: false },
        { name: "tool-surge", enabled: false },
      ],
      limits: { new_tasks_per_hour: 10_000 },
      budgets: [{ name: "all", each: "agent", limit_usd: 50, window: "lifetime" }],
    },
    "prices.yaml": { version: 1, openai: { m: PRICE }, anthropic: { c: PRICE } },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [
        {
          ...{ tool_name: "echo", server: "desk" },
          arguments: { type: "object", properties: { n: { type: "integer", maximum: 9 } } },
        },
        { tool_name: "weather", server: "own" },
        { tool_name: "search", server: "asked" },
      ],
    },
    "agents/ycrowd.yaml": { version: 1, agent: "ycrowd", limits: { new_tasks_per_hour: 1 } },
    "agents/zoe.yaml": { version: 1, agent: "zoe", transcripts: false },
  };
}

/** A gateway with agents, tools and budgets, and a browser that looks at it. */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { until } from "../faults/gateway-scene.ts";
import { launchBrowser } from "../support/browser.ts";
import { type Folder, forget, startGateway, type TestGateway } from "../support/gateway.ts";

export const TOOL = "/guard/v1/tools/transcribe_audio/call";
export const APPROVED_TOOL = "/guard/v1/tools/issue_credit/call";

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** The one that calls. */
export const AGENT = "support-transcriber-prod";
const NAMES = [
  ...[AGENT, "cloud-cost-optimizer", "translation-batch"],
  ...["billing-optimizer", "fraud-summarizer", "lead-enricher", "sre-triage", "docs-answer-bot"],
];

export function agentNames(count: number): readonly string[] {
  const more = Array.from({ length: Math.max(0, count - NAMES.length) }, (_, index) => {
    return `worker-${String(index + 1).padStart(3, "0")}`;
  });
  return [...NAMES, ...more].slice(0, count);
}

function manifestOf(agent: string): object {
  return {
    version: 1,
    agent,
    labels: { team: "support", owner: "voice-platform" },
    models: ["simulated-small"],
    allowed_tools: [
      { tool_name: "transcribe_audio", cost: { usd: 0.348 } },
      { tool_name: "issue_credit", read_only: false, requires_approval: true },
    ],
    blacklisted_tools: ["delete_ticket"],
  };
}

/** What is asked of models is for people where the answer may be long. */
const LONG_ANSWERS = `package answers

decision := {"park": [
	sprintf("An answer of up to %d tokens costs more than usual for this agent.", [n]),
	"Long answers are approved by the team lead.",
]} if {
	n := input.call.max_output_tokens
	n > 2000
}

else := {"allow": true}
`;

function folderOf(agents: number, server: McpFixture): Folder {
  const manifests = agentNames(agents).map((agent) => [`agents/${agent}.yaml`, manifestOf(agent)]);
  return {
    ...Object.fromEntries(manifests),
    "policies/answers.rego": LONG_ANSWERS,
    "slipclutch.yaml": {
      version: 1,
      policies: [{ name: "answers", query: "data.answers.decision", on: "model" }],
      policy_engine: { timeout: "20s" },
      transcripts: {},
      providers: { simulated: { kind: "simulated" } },
      tool_servers: {
        speech: {
          kind: "mcp",
          url: server.url,
          tools: { transcribe_audio: { effect: "read" }, issue_credit: { effect: "write" } },
        },
      },
      budgets: [
        { name: "acme", limit_usd: 8_000, window: "month" },
        { name: "support", each: "team", limit_usd: 3_000, window: "month" },
        { name: "each-agent", each: "agent", limit_usd: 5, window: "day" },
        { name: "each-task", each: "task", limit_usd: 4, window: "task" },
        { name: "all-calls", limit_calls: 1_000_000, window: "day" },
      ],
    },
  };
}

export interface World {
  readonly gateway: TestGateway;
  readonly server: McpFixture;
  /** Calls a tool as the first agent; the task is named. */
  call(task: string, words?: object, path?: string): Promise<Response>;
  /** Asks a model as the first agent. */
  ask(task: string, body: object): Promise<Response>;
  /** The first agent calls the same thing until its breaker trips. */
  trip(task?: string): Promise<void>;
  pause(...agents: string[]): Promise<void>;
  json<T>(path: string): Promise<T>;
  end(): Promise<void>;
}

export async function world(agents = 8): Promise<World> {
  const server = await mcpFixture({
    tools: ["transcribe_audio", "issue_credit"].map((name) => {
      return { name, inputSchema: { type: "object" } };
    }),
  });
  const gateway = await startGateway({ config: folderOf(agents, server) });
  const json = async <T>(path: string): Promise<T> => {
    const answer = await gateway.api("GET", path);
    if (answer.status !== 200) throw new Error(await answer.text());
    return (await answer.json()) as T;
  };
  const made = await gateway.api("POST", "/api/v1/keys", { agent: AGENT });
  const { key } = (await made.json()) as { key: string };
  const post = (task: string, path: string, body: object) =>
    gateway.call(path, body, { authorization: `Bearer ${key}`, "x-slipclutch-task": task });
  const call = (task: string, words: object = { file: `${task}.wav` }, path = TOOL) =>
    post(task, path, { arguments: words });
  return {
    gateway,
    server,
    call,
    ask: (task, body) => post(task, "/v1/chat/completions", { model: "simulated-small", ...body }),
    json,
    trip: async (task = "rec-88413") => {
      for (let times = 0; times < 9; times += 1) await call(task);
    },
    pause: async (...names) => {
      const body = { agents: names, reason: "Looking at its bill" };
      const answer = await gateway.api("POST", "/api/v1/agents/pause", body);
      if (answer.status !== 200) throw new Error(await answer.text());
    },
    end: async () => {
      await gateway.stop("SIGKILL");
      await forget(gateway);
      await server.close();
    },
  };
}

export interface Look {
  readonly scheme?: "light" | "dark";
  readonly size?: { readonly width: number; readonly height: number };
}

/** Something of everything happens: the addresses of all pages that show it. */
export async function busy(at: World): Promise<readonly string[]> {
  await at.call("rec-88361");
  await at.trip();
  void at.call("rec-88377").catch(() => null);
  await at.pause("billing-optimizer");
  const isParked = async () => {
    const reviews = await at.json<readonly { readonly parked: number }[]>("/api/v1/reviews");
    return reviews.some(({ parked }) => parked === 1);
  };
  await until(isParked, (is) => is);
  const reviews = await at.json<readonly { id: string }[]>("/api/v1/reviews");
  const incidents = await at.json<readonly { id: string }[]>("/api/v1/incidents");
  return [
    ...["/", "/reviews", "/budgets", "/journal", "/incidents", "/no-such-page"],
    ...reviews.map(({ id }) => `/reviews/${id}`),
    ...incidents.map(({ id }) => `/incidents/${id}`),
    ...[`/agents/${AGENT}`, `/agents/${AGENT}/tasks/rec-88413`, "/agents/nobody"],
  ];
}

/** Waits for what is on the page. */
export async function visit(page: Page, path: string, { gateway }: World): Promise<void> {
  await page.goto(`${gateway.controlUrl}${path}`);
  await page.locator(".live", { hasText: "Live" }).waitFor();
  await page.waitForLoadState("networkidle").catch(() => null);
  await page.locator("main section, main .panel").first().waitFor();
}

/** One browser for a suite; a page of it is a person of their own. */
export class Viewers {
  readonly browser: Browser;

  private constructor(browser: Browser) {
    this.browser = browser;
  }

  static async start(): Promise<Viewers> {
    return new Viewers(await launchBrowser());
  }

  context({ scheme = "light", size = WIDE }: Look = {}): Promise<BrowserContext> {
    const phone = size.width <= 720;
    return this.browser.newContext({
      ...{ colorScheme: scheme, viewport: size, hasTouch: phone, isMobile: phone },
      ...{ deviceScaleFactor: phone ? 2 : 1, reducedMotion: "reduce" },
    });
  }

  /** Signed in, on this page, with all its numbers there. */
  async page({ gateway }: World, path: string, look: Look = {}): Promise<Page> {
    const context = await this.context(look);
    const page = await context.newPage();
    await page.goto(`${gateway.controlUrl}${path}`);
    await signIn(page, gateway.operatorToken);
    return page;
  }

  end(): Promise<void> {
    return this.browser.close();
  }
}

export async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel("Operator token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".live", { hasText: "Live" }).waitFor();
}

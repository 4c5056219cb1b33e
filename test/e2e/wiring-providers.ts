/** The fields of providers. */
import { expect } from "vitest";
import { differs, fromTo, growsBy, type WiringCase } from "./wiring-case.ts";
import {
  CHAT,
  type Json,
  MESSAGES,
  MODEL,
  type Settings,
  type WiringWorld,
} from "./wiring-world.ts";

/** The dearest rate of the simulated model's input, cache writes included, in nano-USD for a token. */
const INPUT = 1_250;

const field = (name: string) => `slipclutch.yaml providers.*.${name}`;
const gpt = (change: Json) => (settings: Settings) => {
  Object.assign(settings.slipclutch.providers.gpt, change);
};

const WEATHER = { type: "function", function: { name: "weather" } };
const PICTURE = { type: "image_url", image_url: { url: "https://example.com/a.png" } };
/** Two messages, a tool and a picture. */
const RICH = {
  messages: [
    { role: "system", content: "be brief" },
    { role: "user", content: [{ type: "text", text: "what is this?" }, PICTURE] },
  ],
  tools: [WEATHER],
  max_completion_tokens: 10,
};

function overheadIs(name: string, before: number, after: number, times: number): WiringCase {
  return differs(field(`overhead.${name}`), {
    base: gpt({ overhead: { [name]: before } }),
    set: gpt({ overhead: { [name]: after } }),
    see: (world) => world.reserved(RICH),
    expect: growsBy((after - before) * times * INPUT),
  });
}

async function statuses(world: WiringWorld): Promise<readonly string[]> {
  return [
    await world.outcome({}, { path: CHAT }),
    await world.outcome({ max_tokens: 10 }, { path: MESSAGES }),
  ];
}

const alone = (provider: Json) => (settings: Settings) => {
  settings.slipclutch.providers = { only: provider };
};

function kindIs(kind: string, served: readonly string[]): WiringCase {
  return differs(field(`kind = ${kind}`), {
    base: alone({ kind: "openai", base_url: "http://127.0.0.1:1", prices_of: "simulated" }),
    set: (settings) => {
      const { providers } = settings.slipclutch;
      if (kind === "simulated") providers.only = { kind };
      else providers.only.kind = kind;
    },
    see: statuses,
    expect: fromTo<readonly string[]>(["provider.unreachable", "model.unknown"], served),
  });
}

/** What a stream costs whose client hangs up in its middle. */
async function chargedWhenCut(world: WiringWorld): Promise<string> {
  world.upstream.control(() => ({ kind: "script", chunkMs: 40, chunks: 10, outputTokens: 20 }));
  const { key } = await world.key("worker");
  const cut = new AbortController();
  const answer = await fetch(world.gateway.agentUrl + CHAT, {
    method: "POST",
    signal: cut.signal,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: MODEL,
      messages: [{ role: "user", content: "hello" }],
      max_tokens: 4000,
      stream: true,
    }),
  });
  const [decision = ""] = (answer.headers.get("x-slipclutch-decision") ?? "").split(";");
  await answer.body?.getReader().read();
  cut.abort();
  const { charged, reserved } = await world.money(decision);
  return charged === reserved ? "all" : "what was used";
}

async function connectionsOfFour(world: WiringWorld): Promise<number> {
  const before = world.upstream.connections();
  world.upstream.setScript({ latencyMs: 60 });
  await Promise.all([1, 2, 3, 4].map(() => world.ask()));
  return world.upstream.connections() - before;
}

const house = (script: Json) => (settings: Settings) => {
  settings.slipclutch.providers = { house: { kind: "simulated", simulated: script } };
};

function scriptIs<Seen>(
  name: string,
  [before, after]: readonly [Json, Json],
  see: (world: WiringWorld) => Promise<Seen>,
  expecting: (before: Seen, after: Seen) => void,
): WiringCase {
  return differs(field(`simulated.${name}`), {
    base: house(before),
    set: house(after),
    see,
    expect: expecting,
  });
}

const framesOf = (text: string) =>
  text.split("\n\n").filter((frame) => frame.includes('"content":"'));

function faultIs(fault: string, stream: boolean, outcome: string): WiringCase {
  return scriptIs(
    `fault = ${fault}`,
    [{}, { fault }],
    async (world) => {
      const { code, json, status, text } = await world.ask({ stream });
      if (code !== null) return code;
      if (text.includes('"provider.unreachable"')) return "error frame";
      return json !== null && status === 200 && json.usage === undefined ? "no usage" : `${status}`;
    },
    fromTo("200", outcome),
  );
}

const TOOL = { name: "weather", arguments: { city: "Brno" } };

export const PROVIDER_CASES: readonly WiringCase[] = [
  kindIs("openai", ["provider.unreachable", "model.unknown"]),
  kindIs("anthropic", ["model.unknown", "provider.unreachable"]),
  kindIs("simulated", ["200", "200"]),
  differs(field("api_key"), {
    set: gpt({ api_key: "another-secret" }),
    see: async (world) => (await world.sentFor()).headers.authorization,
    expect: fromTo("Bearer provider-secret", "Bearer another-secret"),
  }),
  differs(field("base_url"), {
    set: ({ slipclutch: { providers } }) => {
      providers.gpt.base_url = providers.gpt.base_url.replace("/v1", "/proxy/v1");
    },
    see: async (world) => (await world.sentFor()).path,
    expect: fromTo("/v1/chat/completions", "/proxy/v1/chat/completions"),
  }),
  differs(field("headers"), {
    set: gpt({ headers: { "x-project": "slip" } }),
    see: async (world) => (await world.sentFor()).headers["x-project"],
    expect: fromTo<unknown>(undefined, "slip"),
  }),
  differs(field("models"), {
    set: gpt({ models: { short: MODEL } }),
    see: async (world) => {
      const alias = await world.ask({ model: "short" });
      const sent = alias.status === 200 ? world.sent().body.model : alias.code;
      return [sent, await world.outcome()];
    },
    expect: fromTo(["model.unpriced", "200"], [MODEL, "model.unknown"]),
  }),
  differs(field("prices_of"), {
    base: (settings) => {
      settings.prices = {
        version: 1,
        mine: { [MODEL]: { input: 1, output: 20, max_output: 100 } },
      };
      gpt({ overhead: { base: 0, per_message: 0 } })(settings);
    },
    set: gpt({ prices_of: "mine" }),
    see: (world) => world.reserved({ max_completion_tokens: 100 }),
    expect: growsBy(100 * 10_000),
  }),
  differs(field("allow_fields"), {
    set: gpt({ allow_fields: ["surprise"] }),
    see: async (world) => {
      const { code } = await world.ask({ surprise: 7 });
      return code ?? world.sent().body.surprise;
    },
    expect: fromTo<unknown>("request.unknown-field", 7),
  }),
  differs([field("input_bound = bytes+overhead"), field("input_bound = context_window")], {
    base: gpt({ input_bound: "bytes+overhead" }),
    set: gpt({ input_bound: "context_window" }),
    see: (world) => world.reserved({ max_completion_tokens: 1 }),
    expect: (before, after) => {
      expect(after).toBe(128_000 * INPUT + 10_000);
      expect(before).toBeLessThan(1_000 * INPUT);
    },
  }),
  overheadIs("base", 10, 1_010, 1),
  overheadIs("per_message", 10, 110, 2),
  overheadIs("per_tool", 10, 510, 1),
  overheadIs("tools", 10, 710, 1),
  overheadIs("per_image", 10, 910, 1),
  differs([field("cap_field = max_tokens"), field("cap_field = max_completion_tokens")], {
    base: gpt({ cap_field: "max_completion_tokens" }),
    set: gpt({ cap_field: "max_tokens" }),
    see: async (world) => {
      const { body } = await world.sentFor({ max_completion_tokens: 33 });
      return [body.max_completion_tokens, body.max_tokens];
    },
    expect: fromTo<unknown[]>([33, undefined], [undefined, 33]),
  }),
  differs(field("output_cap_min"), {
    base: ({ agents, slipclutch }) => {
      // A hundred tokens of output fit, or a little less.
      slipclutch.budgets = [{ name: "tiny-a", each: "task", limit_usd: 0.001, window: "task" }];
      agents.worker.limits = { min_useful_output: 1 };
    },
    set: gpt({ output_cap_min: 500 }),
    see: async (world) => {
      const headers = { "x-slipclutch-task": world.name("tiny") };
      return world.outcome({ max_completion_tokens: 1000 }, { headers });
    },
    expect: fromTo("200", "budget.exhausted"),
  }),
  differs(field("stream_options"), {
    set: gpt({ stream_options: false }),
    see: async (world) => (await world.sentFor({ stream: true })).body.stream_options,
    expect: fromTo<unknown>({ include_usage: true }, undefined),
  }),
  differs(field("errors_are_free"), {
    set: gpt({ errors_are_free: false }),
    see: async (world) => {
      world.upstream.control(() => ({ kind: "script", fault: "error-500", faultEvery: 1 }));
      const { decision } = await world.ask();
      const { charged, reserved } = await world.money(decision);
      return charged === 0 ? "nothing" : charged === reserved ? "all" : "a part";
    },
    expect: fromTo("nothing", "all"),
  }),
  differs([field("on_abort = drain"), field("on_abort = cancel")], {
    base: gpt({ on_abort: "drain" }),
    set: gpt({ on_abort: "cancel" }),
    see: chargedWhenCut,
    expect: fromTo("what was used", "all"),
  }),
  differs(field("frames_are_tokens"), {
    set: gpt({ frames_are_tokens: false }),
    see: async (world) => {
      world.upstream.control(() => {
        return { kind: "script", ignoreCap: true, outputTokens: 300, chunks: 300, overbill: 0.01 };
      });
      const { text } = await world.ask({ stream: true, max_completion_tokens: 10 });
      return text.includes('"call.cap"') ? "cut" : "let pass";
    },
    expect: fromTo("cut", "let pass"),
  }),
  differs(field("shows_all_output"), {
    set: gpt({ shows_all_output: true }),
    see: async (world) => {
      world.upstream.control(() => ({ kind: "script", fault: "no-usage", faultEvery: 1 }));
      const { decision } = await world.ask({ max_completion_tokens: 3000 });
      const { charged, reserved } = await world.money(decision);
      return charged === reserved ? "all" : "a part";
    },
    expect: fromTo("all", "a part"),
  }),
  differs(field("connections_max"), {
    set: gpt({ connections_max: 1 }),
    see: connectionsOfFour,
    expect: fromTo(4, 1),
  }),
  scriptIs(
    "latency",
    [{}, { latency: "300ms" }],
    async (world) => (await world.ask()).ms,
    (before, after) => {
      expect(before).toBeLessThan(300);
      expect(after).toBeGreaterThanOrEqual(299);
    },
  ),
  scriptIs(
    "chunk_delay",
    [{ chunks: 5 }, { chunks: 5, chunk_delay: "60ms" }],
    async (world) => (await world.ask({ stream: true })).ms,
    (before, after) => {
      expect(before).toBeLessThan(300);
      expect(after).toBeGreaterThanOrEqual(299);
    },
  ),
  scriptIs(
    "chunks",
    [{ chunks: 3 }, { chunks: 6 }],
    async (world) => framesOf((await world.ask({ stream: true })).text).length,
    growsBy(3),
  ),
  scriptIs(
    "output_tokens",
    [{ output_tokens: 11 }, { output_tokens: 22 }],
    async (world) => (await world.ask()).json.usage.completion_tokens,
    fromTo(11, 22),
  ),
  differs([field("simulated.tool_calls[].name"), field("simulated.tool_calls[].arguments")], {
    base: house({}),
    set: house({ tool_calls: [TOOL] }),
    see: async (world) => {
      const { json } = await world.ask({ tools: [WEATHER] });
      const [call] = json.choices[0].message.tool_calls ?? [];
      return call === undefined ? null : [call.function.name, JSON.parse(call.function.arguments)];
    },
    expect: fromTo<unknown>(null, ["weather", { city: "Brno" }]),
  }),
  scriptIs(
    "overbill",
    [{ output_tokens: 10 }, { output_tokens: 10, overbill: 2 }],
    async (world) => (await world.ask()).json.usage.completion_tokens,
    fromTo(10, 20),
  ),
  faultIs("error-500", false, "500"),
  faultIs("error-429", false, "429"),
  faultIs("reset", false, "provider.unreachable"),
  faultIs("half-stream", true, "error frame"),
  faultIs("garbage", false, "provider.unreachable"),
  faultIs("no-usage", false, "no usage"),
  {
    fields: [field("simulated.fault = never")],
    async run(world) {
      const settings = world.base();
      house({ fault: "never" })(settings);
      settings.agents.worker.limits = { timeout: "1s" };
      await world.load(settings);
      expect(await world.outcome()).toBe("provider.timeout");
    },
  },
  scriptIs(
    "fault_every",
    [{ fault: "error-500" }, { fault: "error-500", fault_every: 2 }],
    async (world) => [await world.outcome(), await world.outcome()],
    fromTo(["500", "500"], ["200", "500"]),
  ),
];

/** The fields of prices.yaml. */
import { differs, fromTo, growsBy, isRefused, type WiringCase } from "./wiring-case.ts";
import { type Json, MESSAGES, MODEL, type Settings, type WiringWorld } from "./wiring-world.ts";

/** A dollar for a million tokens, in nano-USD for one. */
const DOLLAR = 1_000;

/** What the provider says that it billed, in legs that are told apart by their sizes. */
const LEGS = {
  input: 500,
  cached_input: 100,
  cache_write_5m: 30,
  cache_write_1h: 20,
  input_audio: 200,
  output: 400,
  reasoning: 50,
  output_audio: 60,
};

const ALL_AT_A_DOLLAR = Object.fromEntries(Object.keys(LEGS).map((name) => [name, 1]));
const LIMITS = { context_window: 10_000, max_output: 1_000 };

const field = (name: string) => `prices.yaml *.*.${name}`;

function priced(change: (price: Json) => void = () => {}) {
  return (settings: Settings) => {
    const price = { ...ALL_AT_A_DOLLAR, ...LIMITS };
    settings.prices ??= { version: 1, simulated: { [MODEL]: price } };
    change(settings.prices.simulated[MODEL]);
  };
}

/** What a call is charged whose usage names every leg that chat completions have. */
async function chargedForChat(world: WiringWorld): Promise<number> {
  const { cached_input, input, input_audio, output, output_audio, reasoning } = LEGS;
  const usage = {
    prompt_tokens: input + cached_input + input_audio,
    completion_tokens: output + reasoning + output_audio,
    total_tokens: 0,
    prompt_tokens_details: { cached_tokens: cached_input, audio_tokens: input_audio },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: output_audio },
  };
  const message = { role: "assistant", content: "x" };
  const choices = [{ index: 0, message, finish_reason: "stop" }];
  const answer = { id: "c", object: "chat.completion", created: 0, model: MODEL, choices, usage };
  reply(world, answer);
  return world.charged(WIDE);
}

/** The same for messages, which tell cache writes apart. */
async function chargedForMessages(world: WiringWorld): Promise<number> {
  const usage = {
    input_tokens: LEGS.input,
    cache_read_input_tokens: LEGS.cached_input,
    cache_creation_input_tokens: LEGS.cache_write_5m + LEGS.cache_write_1h,
    cache_creation: {
      ephemeral_5m_input_tokens: LEGS.cache_write_5m,
      ephemeral_1h_input_tokens: LEGS.cache_write_1h,
    },
    output_tokens: LEGS.output,
  };
  const content = [{ type: "text", text: "x" }];
  const more = { content, stop_reason: "end_turn", stop_sequence: null, usage };
  reply(world, { id: "m", type: "message", role: "assistant", model: MODEL, ...more });
  return world.charged({ ...WIDE, max_completion_tokens: undefined }, { path: MESSAGES });
}

/** Wide enough for all legs, so that no bound is broken. */
const WIDE = {
  messages: [{ role: "user", content: "x".repeat(2_000) }],
  max_completion_tokens: 900,
  max_tokens: 900,
};

function reply(world: WiringWorld, answer: Json): void {
  const headers = { "content-type": "application/json" };
  const parts = [JSON.stringify(answer)];
  world.upstream.control(() => ({ kind: "raw", status: 200, headers, parts, ends: "clean" }));
}

/** Everything at a dollar, then one rate at two: the charge grows by what that leg has. */
function rateIs(name: keyof typeof LEGS): readonly WiringCase[] {
  const writes = name === "cache_write_5m" || name === "cache_write_1h";
  const see = writes ? chargedForMessages : chargedForChat;
  const grows = growsBy(LEGS[name] * DOLLAR);
  const tier = { from_input_tokens: 400, ...ALL_AT_A_DOLLAR };
  return [
    differs(field(name), {
      base: priced(),
      set: priced((price) => {
        price[name] = 2;
      }),
      see,
      expect: grows,
    }),
    differs(field(`tiers[].${name}`), {
      base: priced((price) => {
        price.tiers = [{ ...tier }];
      }),
      set: priced((price) => {
        price.tiers[0][name] = 2;
      }),
      see,
      expect: grows,
    }),
  ];
}

/** Names of the legs, as their type has them. */
const NAMES = Object.keys(LEGS) as (keyof typeof LEGS)[];

const SEARCH = { type: "web_fetch_20250910", name: "web_fetch", max_uses: 2 };

export const PRICE_CASES: readonly WiringCase[] = [
  ...NAMES.flatMap(rateIs),
  differs(field("tiers[].from_input_tokens"), {
    base: priced((price) => {
      price.tiers = [{ from_input_tokens: 400, input: 3, output: 3 }];
    }),
    set: priced((price) => {
      price.tiers[0].from_input_tokens = 5_000;
    }),
    see: chargedForChat,
    expect: (before, after) => {
      const { input, output } = LEGS;
      growsBy(-2 * DOLLAR * (input + output + 100 + 50 + 200 + 60))(before, after);
    },
  }),
  differs(field("context_window"), {
    base: (settings) => {
      priced()(settings);
      settings.slipclutch.providers.gpt.input_bound = "context_window";
    },
    set: priced((price) => {
      price.context_window = 20_000;
    }),
    see: (world) => world.reserved(),
    expect: growsBy(10_000 * DOLLAR),
  }),
  differs(field("max_output"), {
    base: priced(),
    set: priced((price) => {
      price.max_output = 3_000;
    }),
    see: (world) => world.reserved(),
    expect: growsBy(2_000 * DOLLAR),
  }),
  differs(field("per_request"), {
    base: priced(),
    set: priced((price) => {
      price.per_request = 0.25;
    }),
    see: (world) => world.charged(),
    expect: growsBy(250_000_000),
  }),
  differs(field("server_tools"), {
    base: (settings) => {
      priced()(settings);
      settings.agents.worker.hosted_tools = ["web_fetch"];
    },
    set: priced((price) => {
      price.server_tools = { web_fetch: 0.5 };
    }),
    see: (world) => world.outcome({ max_tokens: 10, tools: [SEARCH] }, { path: MESSAGES }),
    expect: fromTo("model.unbounded", "200"),
  }),
  differs(field("service_tiers"), {
    base: priced(),
    set: priced((price) => {
      price.service_tiers = { flex: 0.5 };
    }),
    see: (world) => world.outcome({ service_tier: "flex" }),
    expect: fromTo("model.unbounded", "200"),
  }),
  differs(field("effective"), {
    // Cheaper than what is built in, which holds until the day.
    base: priced((price) => {
      price.effective = "2999-01-01";
    }),
    set: priced((price) => {
      price.effective = "2020-01-01";
    }),
    see: (world) => world.reserved({ max_completion_tokens: 100 }),
    expect: (before, after) => {
      if (!(before > 4 * after)) throw new Error(`${before} is no dearer than ${after}`);
    },
  }),
  isRefused(
    "prices.yaml version",
    (settings) => {
      settings.prices = { version: 2 };
    },
    "version",
  ),
  isRefused(
    "prices.yaml schema_version",
    (settings) => {
      settings.prices = { schema_version: "v2" };
    },
    "schema_version",
  ),
];

/**
 * From the text of a request to the text that is sent: whatever a provider may bill that honours
 * the latter was reserved for the former. The provider here reads what it was sent, and knows
 * nothing of what the gateway made of it.
 */
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { memoryStore } from "../../src/adapters/store/memory/index.ts";
import { Core } from "../../src/compose/core.ts";
import { KINDS } from "../../src/config/provider-kinds.ts";
import type { Admitted, ModelCall } from "../../src/gateway/call.ts";
import { forward } from "../../src/gateway/forward.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { gather } from "../../src/gateway/gather.ts";
import { Seal } from "../../src/gateway/parking/seal.ts";
import { readCall } from "../../src/gateway/read.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import { begin } from "../../src/gateway/settle.ts";
import { costAt } from "../../src/guards/budget/admit.ts";
import { chargeOf, type Outcome } from "../../src/guards/budget/settle.ts";
import { EMPTY, type Purse } from "../../src/guards/budget/slice.ts";
import { type Amounts, UNITS, type Unit } from "../../src/guards/budget/unit.ts";
import type { Format } from "../../src/guards/call.ts";
import { HOSTED_TOOLS } from "../../src/guards/call.ts";
import { NO_TOOLS } from "../../src/guards/manifest/manifest.ts";
import type { ModelPrice, Usage } from "../../src/guards/price/price.ts";
import type { GrantedTool } from "../../src/guards/tool/tool.ts";
import { isDenial } from "../../src/guards/verdict.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { testClock } from "../../src/testing/test-clock.ts";
import { configurationOf } from "../simulation/folder.ts";

const RUNS = 1_200;
const MODEL = "m-1";

// --- Requests -----------------------------------------------------------------------------------

const words = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  // One character of three bytes becomes eighteen letters, thirty-three bytes.
  fc.integer({ min: 1, max: 60 }).map((count) => "ﷺ".repeat(count)),
  fc.constantFrom("", "½ﬃ⑳㌀", '"\\\n\u0000\u007f', "\ud800", "é", "e\u0301", "cache_control"),
);
const base64 = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => Buffer.from(bytes).toString("base64"));
const schema = fc.record({
  type: fc.constant("object"),
  properties: fc.dictionary(words, fc.record({ type: fc.constant("string"), description: words }), {
    maxKeys: 3,
    noNullPrototype: true,
  }),
});

/** A record some of whose fields may be missing or null. */
function loosely(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) {
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    fc.option(fc.option(value, { nil: undefined, freq: 2 }), { freq: 12 }),
  ]);
  // Records of any shape: what they are read as is the gateway's affair.
  return fc.record(Object.fromEntries(entries) as Record<string, fc.Arbitrary<unknown>>);
}

const cap = fc.oneof(fc.integer({ min: 1, max: 300_000 }), fc.integer({ min: 1_000, max: 3_000 }));
const tier = fc.constantFrom("auto", "default", "flex", "priority", "standard_only");

const part = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("text"), text: words }) },
  words.map((url) => ({ type: "image_url", image_url: { url, detail: "high" } })),
  base64.map((data) => ({
    type: "image_url",
    image_url: { url: `data:image/png;base64,${data}` },
  })),
  base64.map((data) => ({ type: "input_audio", input_audio: { data, format: "wav" } })),
  fc.constant({ type: "input_audio", input_audio: {} }),
  base64.map((data) => ({ type: "file", file: { file_data: data, filename: "a.pdf" } })),
  fc.constant({ type: "file", file: { file_id: "file-1" } }),
);
const chatMessage = fc.oneof(
  { weight: 4, arbitrary: fc.record({ role: fc.constant("user"), content: words }) },
  fc.record({ role: fc.constant("user"), content: fc.array(part, { maxLength: 4 }), name: words }),
  words.map((content) => ({
    role: "assistant",
    content,
    tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: content } }],
  })),
  words.map((content) => ({ role: "tool", tool_call_id: "1", content })),
  { weight: 1, arbitrary: fc.constant({ role: "assistant", audio: { id: "audio_1" } }) },
);
const functionOf = fc.record({ name: words, description: words, parameters: schema });
const chat = fc.tuple(
  fc.array(chatMessage, { minLength: 1, maxLength: 6 }),
  loosely({
    max_tokens: cap,
    max_completion_tokens: cap,
    n: fc.integer({ min: 1, max: 8 }),
    stream: fc.boolean(),
    stream_options: fc.constantFrom({}, { include_usage: true }, { include_usage: false }),
    service_tier: tier,
    modalities: fc.constantFrom(["text"], ["text", "audio"]),
    tools: fc.array(
      functionOf.map((one) => ({ type: "function", function: one })),
      { maxLength: 3 },
    ),
    functions: fc.array(functionOf, { maxLength: 2 }),
    response_format: fc.record({ type: fc.constant("json_schema"), json_schema: schema }),
    user: words,
    metadata: fc.dictionary(words, words, { maxKeys: 2, noNullPrototype: true }),
  }),
);

const mark = fc.constantFrom(
  {},
  {},
  { cache_control: { type: "ephemeral" } },
  { cache_control: { type: "ephemeral", ttl: "5m" } },
  { cache_control: { type: "ephemeral", ttl: "1h" } },
  { cache_control: null },
);
const image = fc.oneof(
  base64.map((data) => ({ type: "base64", media_type: "image/png", data })),
  words.map((url) => ({ type: "url", url })),
);
const plainBlock = fc
  .tuple(
    fc.oneof(
      { weight: 3, arbitrary: words.map((text) => ({ type: "text", text })) },
      image.map((source) => ({ type: "image", source })),
      words.map((thinking) => ({ type: "thinking", thinking, signature: "s" })),
      fc.tuple(words, schema).map(([id, input]) => ({ type: "tool_use", id, name: "f", input })),
    ),
    mark,
  )
  .map(([block, marked]) => ({ ...block, ...marked }));
const document = fc.oneof(
  base64.map((data) => ({ type: "base64", media_type: "application/pdf", data })),
  words.map((data) => ({ type: "text", media_type: "text/plain", data })),
  fc.array(plainBlock, { maxLength: 2 }).map((content) => ({ type: "content", content })),
  fc.constant({ type: "url", url: "https://example.test/a.pdf" }),
);
const block = fc.oneof(
  { weight: 5, arbitrary: plainBlock },
  fc.array(plainBlock, { maxLength: 3 }).map((content) => ({ type: "tool_result", content })),
  { weight: 1, arbitrary: document.map((source) => ({ type: "document", source })) },
);
const uses = fc.integer({ min: 1, max: 4 });
const anthropicTool = fc.oneof(
  { weight: 3, arbitrary: fc.record({ name: words, description: words, input_schema: schema }) },
  fc.constant({ type: "bash_20250124", name: "bash" }),
  fc.constant({ type: "text_editor_20250728", name: "str_replace_based_edit_tool" }),
  uses.map((max) => ({ type: "web_search_20250305", name: "web_search", max_uses: max })),
  uses.map((max) => ({ type: "web_fetch_20250910", name: "web_fetch", max_uses: max })),
);
const messages = fc.tuple(
  fc.array(
    fc.record({
      role: fc.constantFrom("user", "assistant"),
      content: fc.oneof(words, fc.array(block, { maxLength: 4 })),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  loosely({
    max_tokens: cap,
    system: fc.oneof(words, fc.array(plainBlock, { maxLength: 2 })),
    tools: fc.array(anthropicTool, { maxLength: 3 }),
    thinking: fc
      .integer({ min: 1_024, max: 5_000 })
      .map((budget) => ({ type: "enabled", budget_tokens: budget })),
    stream: fc.boolean(),
    service_tier: fc.constantFrom("auto", "standard_only"),
    cache_control: fc.constantFrom({ type: "ephemeral" }, { type: "ephemeral", ttl: "1h" }),
  }),
);

type Spelling = "plain" | "escaped" | "spaced";

/** A value as JSON in one of the ways that a client may write it. */
function spell(value: unknown, how: Spelling): string {
  if (how === "spaced") return JSON.stringify(value, null, "\t");
  const json = JSON.stringify(value);
  if (how === "plain") return json;
  // Strings with every other letter escaped, names too; escapes that are there stay.
  return json.replace(/"(?:[^"\\]|\\.)*"/gsu, (string) =>
    string.replace(/\\u....|\\.|[^"\\]/gsu, (one, at: number) => {
      if (one.startsWith("\\") || at % 2 === 0) return one;
      return [...one.split("")]
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
        .join("");
    }),
  );
}

const body = fc
  .record({
    format: fc.constantFrom<Format>("openai-chat", "anthropic-messages"),
    chat,
    messages,
    how: fc.constantFrom<Spelling>("plain", "escaped", "spaced"),
    modelFirst: fc.boolean(),
  })
  .map(({ chat: one, format, how, messages: other, modelFirst }) => {
    const [list, rest] = format === "openai-chat" ? one : other;
    const given = Object.fromEntries(
      Object.entries(rest).filter(([, value]) => value !== undefined),
    );
    const whole = modelFirst
      ? { model: MODEL, messages: list, ...given }
      : { ...given, messages: list, model: MODEL };
    return { format, text: spell(whole, how) };
  });

// --- Prices and providers ------------------------------------------------------------------------

const rate = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 80_000_000 }));
const rates = fc.record({
  input: rate,
  output: rate,
  cachedInput: rate,
  cacheWrite5m: rate,
  cacheWrite1h: rate,
  reasoning: rate,
  inputAudio: fc.option(rate, { freq: 4 }),
  outputAudio: fc.option(rate, { freq: 4 }),
});
const factor = fc.integer({ min: 1, max: 300 }).map((hundredths) => hundredths / 100);
const price: fc.Arbitrary<ModelPrice> = fc
  .record({
    contextWindow: fc.constantFrom(4_096, 128_000, 1_000_000),
    maxOutput: fc.constantFrom(100, 4_096, 64_000),
    first: rates,
    later: fc.array(fc.tuple(fc.constantFrom(50, 700, 130_000, 200_000, 900_000), rates), {
      maxLength: 2,
    }),
    perRequest: fc.nat({ max: 9_999_999 }),
    fees: fc.tuple(fc.nat({ max: 20_000_000_000 }), fc.nat({ max: 999 })),
    serviceTiers: fc.constantFrom({}, { flex: 0.5, priority: 2 }, { flex: 0.33, priority: 1.75 }),
    own: factor,
  })
  .map(({ fees, first, later, own, serviceTiers, ...rest }) => ({
    ...rest,
    model: MODEL,
    tiers: [
      { fromInputTokens: 0, ...first },
      ...later
        .toSorted(([one], [other]) => one - other)
        .map(([fromInputTokens, found]) => ({ fromInputTokens, ...found })),
    ],
    serverTools: { web_search: fees[0], web_fetch: fees[1] },
    serviceTiers: own > 2.9 ? { ...serviceTiers, priority: own } : serviceTiers,
    source: "generated",
  }));

const settings = fc.record({
  body,
  price,
  simulated: fc.boolean(),
  capField: fc.constantFrom("max_tokens" as const, "max_completion_tokens" as const),
  tellAgent: fc.boolean(),
  renamed: fc.boolean(),
  maxOutputTokens: fc.option(cap),
  minUsefulOutput: fc.constantFrom(1, 16, 256),
  /** Whether the agent has the tools that it offers, but for one of its own if there is one. */
  tools: fc.constantFrom<"all" | "some" | "none">("all", "some", "none"),
});
type Generated = typeof settings extends fc.Arbitrary<infer Value> ? Value : never;

/** Tokens that templates add, as measured or documented: what the rules must cover. */
const DOCUMENTED = {
  openai: { base: 3, perMessage: 5, perTool: 16, tools: 16, perImage: 48_169 },
  anthropic: { base: 10, perMessage: 5, perTool: 735, tools: 700, perImage: 4_784 },
  simulated: KINDS.simulated.rules.overhead,
};

const base = configurationOf({ all: 1e15, daily: 1e15, task: 1e15 });
let gateway: Gateway;
let calls = 0;

beforeAll(async () => {
  const clock = testClock();
  const core = new Core({
    store: memoryStore({ clock }),
    clock,
    chance: { hex: (bytes) => "0".repeat(2 * bytes) },
    log: createLog({ clock, write: () => {}, level: "error", form: "json" }),
    rules: new Ruleset(base, []),
    journalKey: new Uint8Array(32),
    seal: new Seal("00".repeat(32), { hex: (bytes) => "0".repeat(2 * bytes) }),
    describe: { host: "here", pid: 1, pidStart: "1", keyId: "key" },
    version: "0.0.0",
  });
  gateway = core.gateway;
  await core.start(async () => {});
});

/** The gateway's own reading of a request; null: refused. `sent` answers what a provider got. */
function read(generated: Generated) {
  const { capField, maxOutputTokens, minUsefulOutput, renamed, tellAgent } = generated;
  const [provider] = base.providers;
  const manifest = base.agents.get("a");
  if (provider === undefined || manifest === undefined) throw new Error("the folder is empty");
  const kind = kindOf(generated);
  const rules = { ...KINDS[kind].rules, capField, name: "p", allowFields: [] };
  const models = new Map([[MODEL, renamed ? "another-and-much-longer-name-of-it" : MODEL]]);
  const prices = { find: () => generated.price, tableDate: "2027-01-01" };
  let got: Buffer | null = null;
  const ruleset = new Ruleset({ ...base, prices }, [
    [
      { ...provider, rules, models },
      {
        rules,
        close: async () => {},
        send: (request) => {
          got = Buffer.from(request.body);
          return { pause: () => {}, resume: () => {}, abort: () => {} };
        },
      },
    ],
  ]);
  const bytes = Buffer.from(generated.body.text);
  calls += 1;
  const call = readCall(
    generated.body.format,
    { bytes, text: bytes.toString("utf8") },
    {
      response: new ServerResponse(new IncomingMessage(new Socket())),
      headers: {},
      key: {
        id: "key_a",
        hash: "",
        holder: { kind: "agent", agent: "a" },
        createdAt: 0,
        expiresAt: null,
        revokedAt: null,
      },
      manifest: {
        ...manifest,
        tools: { ...NO_TOOLS, hosted: new Set(HOSTED_TOOLS), allowed: grantsOf(generated) },
        tellAgent,
        limits: { ...manifest.limits, maxOutputTokens, minUsefulOutput },
      },
      rules: ruleset,
      tenure: gateway.holding.tenure,
      decision: `d${calls}`,
      call: `d${calls}`,
      taskName: { id: "t", how: "named" },
      receivedAt: 0,
    },
  );
  const sent = (admitted: Admitted): string => {
    void forward(admitted, gateway, () => {});
    gateway.inFlight.delete(admitted.call.incoming.decision);
    if (got === null) throw new Error("nothing was sent");
    return (got as Buffer).toString("utf8"); // set by the provider, which the compiler cannot see
  };
  return isDenial(call) ? null : { call, sent };
}

function kindOf({ body: { format }, simulated }: Generated): keyof typeof DOCUMENTED {
  if (simulated) return "simulated";
  return format === "openai-chat" ? "openai" : "anthropic";
}

/** Every name in the request that a tool could go by; of `some` every other one. */
function grantsOf({ body: asked, tools }: Generated): readonly GrantedTool[] {
  if (tools === "none") return [];
  const names = new Set(offeredIn(JSON.parse(asked.text)).map(({ name }) => name.normalize("NFC")));
  return [...names]
    .filter((_, index) => tools === "all" || index % 2 === 0)
    .map((tool) => ({
      ...{
        server: "own",
        tool,
        effect: "read",
        isGranted: true,
        readOnly: true,
        takes: null,
        rateLimit: null,
        check: null,
        sql: null,
        unwraps: null,
        resource: [],
      },
      ...{ pin: null, cost: null, approval: "never", emptyIsError: false, timeoutMs: 1_000 },
      ...{ resultBytesMax: 1_000, concurrentMax: null, repeatsMax: null, output: null },
      ...{ commitment: null, ends: [] },
    }));
}

/** Tools that the client would run, wherever they stand, in the order in which they are removed. */
function offeredIn(
  root: Json,
): readonly { list: "tools" | "functions"; at: number; name: string }[] {
  return (["tools", "functions"] as const).flatMap((list) =>
    [...(root[list] ?? [])].flatMap((tool: Json, at: number) => {
      const runsThere = /^web_/.test(tool.type ?? "");
      return runsThere ? [] : [{ list, at, name: (tool.function ?? tool).name as string }];
    }),
  );
}

/** Admission on one purse; null: refused. */
async function admitted(call: ModelCall, purse: Purse): Promise<Admitted | number | null> {
  const gathered = await gather(call, gateway);
  if (isDenial(gathered)) throw new Error(gathered.code);
  const { answers, verdict } = gathered.ask({ purses: [purse] });
  if (verdict.kind === "short") return verdict.need[purse.unit];
  if (verdict.kind !== "allow") return null;
  return begin(
    call,
    { kind: "allow", bounds: verdict.bounds, answers, accounts: gathered.accounts },
    gateway,
  );
}

function purseOf(free: number, room: bigint, unit: Unit = "usd"): Purse {
  const seen = { limit: room, spent: 0n, leased: 0n, forfeited: 0n, committed: 0n };
  return { budget: "b", scope: "", unit, slice: { ...EMPTY, free, granted: BigInt(free) }, seen };
}

// --- A provider that reads what it was sent ------------------------------------------------------

interface Seen {
  readonly strings: string[];
  images: number;
  audio: boolean;
  files: boolean;
  readonly lifetimes: Set<"5m" | "1h">;
}

// Bodies of any shape are walked here, as a provider walks them.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Json = any;

function look(value: Json, seen: Seen): Seen {
  if (Array.isArray(value)) for (const one of value) look(one, seen);
  else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      seen.strings.push(name);
      look(inner, seen);
    }
    if (value.type === "image" || value.type === "image_url") seen.images += 1;
    // Given by reference, or with something in it.
    if (value.type === "input_audio") seen.audio ||= value.input_audio.data !== "";
    if (value.role === "assistant") seen.audio ||= (value.audio ?? null) !== null;
    if (value.type === "file") seen.files ||= value.file.file_data !== "";
    if (value.type === "document") {
      seen.files ||=
        value.source.type === "url" || (value.source.type === "base64" && value.source.data !== "");
    }
    if (typeof value.cache_control === "object" && value.cache_control !== null) {
      seen.lifetimes.add(value.cache_control.ttl === "1h" ? "1h" : "5m");
    }
  } else seen.strings.push(String(value));
  return seen;
}

/** Every usage that takes all it may, along each leg and at each tier. */
function greediest(sent: string, generated: Generated): readonly Usage[] {
  const { body: asked, price: found } = generated;
  const root: Json = JSON.parse(sent);
  const none = { strings: [], images: 0, audio: false, files: false };
  // Which model answers, and how, is no input of the model.
  const { model: _model, stream_options: _options, ...input } = root;
  const seen = look(input, { ...none, lifetimes: new Set() });
  const tools = [...(root.tools ?? []), ...(root.functions ?? [])];
  const documented = DOCUMENTED[kindOf(generated)];
  const text = seen.strings.reduce((sum, one) => sum + Buffer.byteLength(one), 0);
  const normal = seen.strings.reduce(
    (sum, one) => sum + Buffer.byteLength(one.normalize("NFKC")),
    0,
  );
  const counted =
    Math.max(text, normal) +
    documented.base +
    documented.perMessage * root.messages.length +
    documented.perTool * tools.length +
    (tools.length > 0 ? documented.tools : 0) +
    documented.perImage * seen.images;
  const opaque = seen.audio || seen.files;
  const first = opaque ? found.contextWindow : Math.min(counted, found.contextWindow);

  const serverTools: Record<string, number> = {};
  for (const { max_uses: most, type } of tools) {
    const name = /^(web_\w+)_\d{8}$/.exec(type ?? "")?.[1];
    if (name !== undefined) serverTools[name] = (serverTools[name] ?? 0) + most;
  }
  const rounds = Object.values(serverTools).reduce((sum, count) => sum + count, 0);
  const inputMax = first + rounds * found.contextWindow;

  const caps = [root.max_tokens, root.max_completion_tokens].filter(
    (one) => (one ?? null) !== null,
  );
  const perChoice = Math.min(found.maxOutput, Math.max(...(caps.length > 0 ? caps : [Infinity])));
  const outputMax = perChoice * (root.n ?? 1);

  const inputLegs: (keyof Usage)[] = ["input", "cachedInput"];
  if (asked.format === "openai-chat") inputLegs.push("cacheWrite5m");
  if (seen.lifetimes.has("5m")) inputLegs.push("cacheWrite5m");
  if (seen.lifetimes.has("1h")) inputLegs.push("cacheWrite1h");
  if (seen.audio) inputLegs.push("inputAudio");
  const outputLegs: Partial<Usage>[] = [{ output: outputMax }];
  outputLegs.push({ output: outputMax, reasoning: outputMax });
  if (root.modalities?.includes("audio")) outputLegs.push({ outputAudio: outputMax });

  const steps = found.tiers.flatMap(({ fromInputTokens: from }) => [from - 1, from]);
  const amounts = [inputMax, ...steps.filter((amount) => amount >= 0 && amount <= inputMax)];
  const asking: string | null = root.service_tier ?? null;
  const named = asking === null || asking === "auto" ? [null, "default"] : [asking, null];
  const nothing = {
    input: 0,
    cachedInput: 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    inputAudio: 0,
    output: 0,
    reasoning: 0,
    outputAudio: 0,
    serverTools,
  };
  return amounts.flatMap((amount) =>
    inputLegs.flatMap((leg) =>
      outputLegs.flatMap((output) =>
        named.map((serviceTier) => ({ ...nothing, ...output, [leg]: amount, serviceTier })),
      ),
    ),
  );
}

function expectCovered({ bounds, terms }: Admitted, sent: string, generated: Generated): void {
  for (const usage of greediest(sent, generated)) {
    const ended = { status: 200, fault: null, outputTokensSeen: null };
    const charge = chargeOf({ kind: "ok", usage, ...ended }, terms);
    expectWithin(charge.charged, bounds.reserve, usage);
    expect(charge).toMatchObject({ overbilled: null, brokeBound: null, estimated: false });
  }
  for (const kind of ["ok", "error", "fault", "aborted", "dropped"] as const) {
    for (const outputTokensSeen of [null, 0, 1e15]) {
      const outcome: Outcome = { kind, usage: null, status: 200, fault: null, outputTokensSeen };
      expectWithin(chargeOf(outcome, terms).charged, bounds.reserve, outcome);
    }
  }
}

function expectWithin(charged: Amounts, reserve: Amounts, by: unknown): void {
  for (const unit of UNITS) {
    expect(charged[unit], `${unit} of ${JSON.stringify(by)}`).toBeLessThanOrEqual(reserve[unit]);
  }
}

/** The request is the client's own but for what the gateway is there to change. */
function expectSameRequest(sent: string, one: Admitted, generated: Generated): void {
  const { body: asked, capField, renamed, tools } = generated;
  const [before, after]: [Json, Json] = [JSON.parse(asked.text), JSON.parse(sent)];
  const spellings = ["max_tokens", "max_completion_tokens"].filter((name) => name in after);
  if (asked.format === "openai-chat" && spellings.length > 0) {
    const given = spellings.filter((name) => after[name] !== null);
    expect(given.length).toBeLessThanOrEqual(1);
    if (given.length === 1) expect(given).toEqual([capField]);
  }
  expect(after.model === MODEL).toBe(!renamed);
  expect(after.messages.slice(after.messages.length - before.messages.length)).toEqual(
    before.messages,
  );
  for (const name of ["n", "service_tier", "modalities", "metadata", "user"])
    expect(after[name]).toEqual(before[name]);
  const { removedTools } = one.bounds;
  const offered = offeredIn(before);
  if (tools === "none") expect(removedTools.size).toBe(offered.length);
  for (const list of ["tools", "functions"] as const) {
    const gone = offered.filter((tool, index) => tool.list === list && removedTools.has(index));
    const left = before[list]?.filter((_: Json, at: number) =>
      gone.every((tool) => tool.at !== at),
    );
    expect(after[list]).toEqual(
      gone.length > 0 && left.length === 0 ? undefined : before[list] && left,
    );
  }
}

describe("a provider that takes all that the request it was sent permits", () => {
  test("is covered by what was reserved, or the request was refused", async () => {
    let covered = 0;
    await fc.assert(
      fc.asyncProperty(settings, async (generated) => {
        const asked = read(generated);
        if (asked === null) return;
        const one = await admitted(asked.call, purseOf(Number.MAX_SAFE_INTEGER, 0n));
        if (one === null || typeof one === "number") return;
        covered += 1;
        const sent = asked.sent(one);
        expectSameRequest(sent, one, generated);
        expectCovered(one, sent, generated);
      }),
      { numRuns: RUNS },
    );
    // Else this would say little.
    expect(covered).toBeGreaterThan(RUNS / 4);
  });

  test.each(["usd", "tokens"] as const)(
    "is covered by the rest of a budget of %s too, where the cap was narrowed into it",
    async (unit) => {
      let narrowed = 0;
      const scarce = fc.tuple(settings, fc.nat({ max: 1_000 }));
      await fc.assert(
        fc.asyncProperty(scarce, async ([generated, thousandths]) => {
          const asked = read(generated);
          if (asked === null) return;
          const whole = await admitted(asked.call, purseOf(Number.MAX_SAFE_INTEGER, 0n));
          if (whole === null || typeof whole === "number") return;
          const reserve = whole.bounds.reserve[unit];
          const least = costAt(whole.bounds, 0)[unit];
          const room = least + Math.floor(((reserve - least) * thousandths) / 1_000);
          const need = await admitted(asked.call, purseOf(0, BigInt(room), unit));
          if (typeof need !== "number") return;
          expect(need).toBeLessThanOrEqual(room);
          const one = await admitted(asked.call, purseOf(need, 0n, unit));
          if (one === null || typeof one === "number")
            throw new Error("what was needed is not enough");
          expect(one.bounds.reserve[unit]).toBeLessThanOrEqual(need);
          narrowed += one.bounds.reserve[unit] < reserve ? 1 : 0;
          expectCovered(one, asked.sent(one), generated);
        }),
        { numRuns: RUNS / 2 },
      );
      expect(narrowed).toBeGreaterThan(RUNS / 20);
    },
  );
});

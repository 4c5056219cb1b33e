/**
 * The schema of slipclutch.yaml: the one source of its fields, for reading, editors and the
 * reference.
 */
import { z } from "zod";
import { SCOPES, WINDOWS } from "../guards/budget/budget.ts";
import { approvals, breaker, parking, reviews } from "./clutch-schema.ts";
import { decisionLog } from "./decision-log-schema.ts";
import {
  count,
  duration,
  ENTRIES_MAX,
  endpoint,
  headers,
  hostName,
  id,
  oneOf,
  serverUrl,
  strict,
  TEXT_MAX,
  TOKENS_MAX,
  text,
  tokensOrCalls,
  usd,
  VERSION_FIELDS,
  yesOrNo,
} from "./fields.ts";
import { LATER_WINDOWS } from "./later.ts";
import { LIMIT_FIELDS } from "./manifest-schema.ts";
import { NOTIFIERS_MAX, notifier } from "./notifier-schema.ts";
import { policies, policyEngine } from "./policy-schema.ts";
import { serverName, toolServer } from "./tool-schema.ts";
import { transcripts } from "./transcripts.ts";

/** Every attempt of every agent is shown to each of them. */
const BREAKERS_MAX = 64;

const STORE_MESSAGE = '"embedded" or a URL like "postgres://user:password@host/database"';
const storeUrl = z
  .string({ error: STORE_MESSAGE })
  .regex(/^(embedded|postgres(ql)?:\/\/\S+)$/, { error: STORE_MESSAGE })
  .max(TEXT_MAX, { error: STORE_MESSAGE });

const store = z.union(
  [
    storeUrl,
    strict({
      url: storeUrl.describe("`embedded` or `postgres://…`. Default embedded.").optional(),
      grace: duration(1000)
        .describe("How long a gateway goes on inside its leases without the store. Default 10s.")
        .optional(),
      expiry: duration(1000)
        .describe(
          "When other gateways count it as gone. Default 12s, or what a longer grace needs.",
        )
        .optional(),
    }),
  ],
  { error: `${STORE_MESSAGE}, or an object with url, grace and expiry` },
);

const tokens = count(0, TOKENS_MAX);
const overhead = strict({
  base: tokens.describe("For every call.").optional(),
  per_message: tokens.describe("For each message.").optional(),
  per_tool: tokens.describe("For each tool.").optional(),
  tools: tokens.describe("Once, if there is any tool.").optional(),
  per_image: tokens.describe("For each image.").optional(),
});

const script = strict({
  latency: duration().describe("Before the first byte. Default 0s.").optional(),
  chunk_delay: duration().describe("Between the chunks of a stream. Default 0s.").optional(),
  chunks: count(1, 10_000).describe("Chunks of a streamed answer. Default 8.").optional(),
  output_tokens: count(0, TOKENS_MAX).describe("Tokens of each answer. Default 32.").optional(),
  tool_calls: z
    .array(
      strict({
        name: id.describe("The tool."),
        arguments: z.record(z.string(), z.json()).describe("Its arguments.").optional(),
      }),
    )
    .max(64)
    .describe("Tool calls of each answer. Default none.")
    .optional(),
  overbill: z
    .number({ error: "a factor from 1 to 1000" })
    .min(1, { error: "a factor from 1 to 1000" })
    .max(1000, { error: "a factor from 1 to 1000" })
    .describe("Bills this many times what it should. Default 1.")
    .optional(),
  fault: oneOf(["error-500", "error-429", "reset", "half-stream", "garbage", "never", "no-usage"])
    .describe("How the calls chosen by `fault_every` end.")
    .optional(),
  fault_every: count(0, 1_000_000)
    .describe("Every n-th call ends with the fault. Default 1 if there is a fault.")
    .optional(),
});

/** One model provider. */
const provider = strict({
  kind: oneOf(["openai", "anthropic", "simulated"]).describe(
    "What it speaks: OpenAI chat completions, Anthropic messages, or both without a network.",
  ),
  api_key: text.describe(`Its key. Write \${NAME} to take it from the environment.`).optional(),
  base_url: serverUrl("https://host/v1")
    .describe("Where it is, if not at the kind's official address.")
    .optional(),
  headers: headers.describe("Extra headers for every request.").optional(),
  models: z
    .union([z.array(id).max(ENTRIES_MAX), z.record(id, id)], {
      error: "a list of model ids, or a map from what clients ask for to the provider's id",
    })
    .describe("Its models; or what clients ask for → its id. Default: all that have a price.")
    .optional(),
  prices_of: id.describe("Whose prices hold for it. Default: its kind.").optional(),
  allow_fields: z
    .array(id)
    .max(256)
    .describe("Request fields and headers that you vouch cost nothing.")
    .optional(),
  input_bound: oneOf(["bytes+overhead", "context_window"])
    .describe("How input is bounded before a call. Default bytes+overhead.")
    .optional(),
  overhead: overhead
    .describe("Tokens of input that templates add to the bytes of a request.")
    .optional(),
  cap_field: oneOf(["max_tokens", "max_completion_tokens"])
    .describe("The spelling of the output cap that it honours.")
    .optional(),
  output_cap_min: count(1, 4096).describe("The least output cap that it accepts.").optional(),
  stream_options: yesOrNo.describe("It takes stream_options.include_usage.").optional(),
  errors_are_free: yesOrNo.describe("A proper error without usage costs nothing.").optional(),
  on_abort: oneOf(["drain", "cancel"])
    .describe("When the client hangs up: read on to learn the cost, or cut and charge the most.")
    .optional(),
  frames_are_tokens: yesOrNo
    .describe("Every frame of a stream that has text carries at least one token.")
    .optional(),
  shows_all_output: yesOrNo
    .describe("Its answers show all output that it bills, so that one without usage is counted.")
    .optional(),
  connections_max: count(1, 10_000).describe("Most connections to it. Default 256.").optional(),
  simulated: script.describe("`kind: simulated` only: how it answers.").optional(),
});

/** What a budget counts is one thing: another one has a budget of its own. */
const ONE_LIMIT = {
  error:
    "exactly one of limit_usd, limit_tokens and limit_calls\nKeep one of them, and make another budget for the other.",
  // Told beside whatever else is wrong with it.
  when: ({ value }: { readonly value: unknown }) => typeof value === "object" && value !== null,
};
const LIMITS = ["limit_usd", "limit_tokens", "limit_calls"] as const;

/** One cap. */
const budget = strict({
  name: id.describe("Its name, on every refusal and screen."),
  agent: id.describe("Only calls of this agent draw on it.").optional(),
  team: id.describe("Only calls of agents with this label.").optional(),
  org: id.describe("Only calls of agents with this label.").optional(),
  key: id.describe("Only calls with this agent key, by the key's id.").optional(),
  model: id.describe("Only calls for this model, as clients ask for it.").optional(),
  tool: id
    .describe("Only calls of this tool, as its server names it, or as SERVER__TOOL.")
    .optional(),
  each: oneOf(SCOPES).describe("One account for each of these, instead of one for all.").optional(),
  limit_usd: usd
    .describe("The most that may be spent in one window, in USD. 0 stops everything.")
    .optional(),
  limit_tokens: tokensOrCalls
    .describe("The most tokens of models in one window, input and output. Instead of `limit_usd`.")
    .optional(),
  limit_calls: tokensOrCalls
    .describe("The most calls of models and tools in one window. Instead of `limit_usd`.")
    .optional(),
  window: oneOf(WINDOWS, LATER_WINDOWS).describe(
    "When it begins anew: a calendar day or month in UTC, with each task, or never.",
  ),
  on_exhausted: oneOf(["deny", "park"])
    .describe("A call that does not fit is refused, or waits for more. Default deny.")
    .optional(),
})
  .refine((limits) => LIMITS.some((name) => limits[name] !== undefined), {
    ...{ ...ONE_LIMIT, path: ["limit_usd"] },
  })
  .refine(({ limit_tokens, limit_usd }) => limit_tokens === undefined || limit_usd === undefined, {
    ...{ ...ONE_LIMIT, path: ["limit_tokens"] },
  })
  .refine(
    ({ limit_calls, limit_tokens, limit_usd }) =>
      limit_calls === undefined || (limit_tokens ?? limit_usd) === undefined,
    { ...ONE_LIMIT, path: ["limit_calls"] },
  )
  .meta({ oneOf: LIMITS.map((name) => ({ required: [name] })) });

/** All of slipclutch.yaml. */
export const slipclutchSchema = strict({
  ...VERSION_FIELDS,
  listeners: strict({
    agent: endpoint.describe("Where agents call. Default 127.0.0.1:4141.").optional(),
    control: endpoint.describe("Where operators call. Default 127.0.0.1:4142.").optional(),
    control_url: serverUrl("https://slipclutch.example.com")
      .describe(
        "Where people reach the control listener, through whatever stands before it: links in notices begin with it. Default: where it listens.",
      )
      .optional(),
    agent_hosts: z
      .array(hostName, { error: "a list of names" })
      .max(ENTRIES_MAX)
      .describe("Names, beside addresses and localhost, by which agents may ask for MCP.")
      .optional(),
  })
    .describe("Where the gateway listens.")
    .optional(),
  store: store
    .describe("Where money is kept: embedded (one gateway), or a PostgreSQL for many.")
    .optional(),
  encryption_key: text
    .describe("32 bytes, as 64 hexadecimal digits or in base64. Required with PostgreSQL.")
    .optional(),
  providers: z
    .record(id, provider, { error: "a map from names to providers" })
    .describe("The model providers. Without any, a simulated one answers.")
    .optional(),
  budgets: z
    .array(budget, { error: "a list of budgets" })
    .max(ENTRIES_MAX)
    .describe("Caps on money, tokens or calls.")
    .optional(),
  tool_servers: z
    .record(serverName, toolServer, { error: "a map from names to tool servers" })
    .describe("The servers that run the tools of agents.")
    .optional(),
  policies: policies
    .describe("Policies as code, in Rego: which document decides what. All have to allow.")
    .optional(),
  policy_engine: policyEngine.describe("What evaluates policies.").optional(),
  decision_log: decisionLog
    .describe("Where decisions by policy are logged, in OPA's format. Absent: nowhere.")
    .optional(),
  breakers: z
    .array(breaker, { error: "a list of breakers" })
    .max(BREAKERS_MAX)
    .describe(
      "Detectors that hold for every agent. `tool-surge` and `stuck` are there without being written; an entry of the same name changes one of them.",
    )
    .optional(),
  parking: parking.describe("How calls wait for a person.").optional(),
  journal: strict({
    inputs: oneOf(["observed", "all"])
      .describe(
        "Whose arguments are kept beside the journal, encrypted: those of agents with `mode: observe` (default), or of all.",
      )
      .optional(),
    replay_for: duration(1000, "400d")
      .describe("They are forgotten after this. Default 14d.")
      .optional(),
  })
    .describe("What is kept of calls beside the journal, to learn manifests from.")
    .optional(),
  transcripts: transcripts
    .describe("What tasks said and were told is kept, encrypted. Absent: none of it is.")
    .optional(),
  notifiers: z
    .record(id, notifier, { error: "a map from names to notifiers" })
    .refine((map) => Object.keys(map).length <= NOTIFIERS_MAX, {
      error: `at most ${NOTIFIERS_MAX} notifiers`,
    })
    .describe("Where people are told of reviews and alarms.")
    .optional(),
  approvals: approvals.describe("Calls that a person approves, one by one.").optional(),
  reviews: reviews.describe("How people decide.").optional(),
  limits: strict({
    ...LIMIT_FIELDS,
    max_request_bytes: count(1024, 256 * 1024 * 1024)
      .describe("Largest request body. Default 16777216.")
      .optional(),
    calls_in_flight_max: count(1, 100_000)
      .describe("Calls of all agents at once in one gateway. Default 1000.")
      .optional(),
    request_timeout: duration(100)
      .describe("A request must have arrived whole after this. Default 30s.")
      .optional(),
  })
    .describe("Limits of every agent, unless its manifest says otherwise, and of the gateway.")
    .optional(),
});

export type RawSlipclutch = z.output<typeof slipclutchSchema>;
export type RawProvider = z.output<typeof provider>;
export type RawBudget = z.output<typeof budget>;

/** The fields about tools: of their servers in slipclutch.yaml, and of a manifest's grants. */
import { z } from "zod";
import {
  count,
  duration,
  ENTRIES_MAX,
  headers,
  ID_CHARACTERS_MAX,
  id,
  oneOf,
  serverUrl,
  strict,
  TEXT_MAX,
  usdRoundedUp,
  yesOrNo,
} from "./fields.ts";
import { auth, HTTP_SERVER_FIELDS, HTTP_TOOL_FIELDS } from "./http-schema.ts";
import { argumentPointer, resource } from "./resource-schema.ts";

/** Each call of a limit is a row of the store. */
const RATE_REQUESTS_MAX = 10_000;
const CONCURRENT_MAX = 10_000;
const REPEATS_MAX = 1_000_000;
const RATE_SECONDS_MAX = 31 * 86_400;
/** More than this no adapter reads on. The least is what an empty result takes. */
const RESULT_BYTES_MAX = 8 * 1024 * 1024;
const RESULT_BYTES_LEAST = 64;
/** Longest path into arguments or a result. */
const POINTER_CHARACTERS_MAX = 1024;
/** The store's sums hold no more; what a call may cost is checked once more as a whole. */
const QUANTITY_MAX = 1e12;

const SERVER_NAME =
  "a name of 1 to 32 letters and digits, with single - and _ between them, other than mcp\nIt is part of the names by which agents call its tools.";
/** `server__tool` and `mcp__client__tool` must be read back in one way only. */
export const serverName = z
  .string({ error: SERVER_NAME })
  .regex(/^(?!.*__)(?![Mm][Cc][Pp]$)[A-Za-z0-9](?:[A-Za-z0-9_-]{0,30}[A-Za-z0-9])?$/, {
    error: SERVER_NAME,
  });

const COMMAND =
  'a program and its arguments, like ["node", "server.js"]\nNo shell reads them: write each argument as one entry of the list.';
const ARGUMENTS_MAX = 256;
const argument = z
  .string({ error: COMMAND })
  .max(TEXT_MAX, { error: COMMAND })
  .refine((value) => !value.includes("\0"), { error: COMMAND });
const program = argument.min(1, { error: COMMAND });
const command = z.union(
  [
    program.regex(/^\S+$/, { error: COMMAND }),
    z.tuple([program], argument, { error: COMMAND }).refine((all) => all.length <= ARGUMENTS_MAX, {
      error: COMMAND,
    }),
  ],
  { error: COMMAND },
);

const VARIABLE = "the name of a variable and its value, like TOKEN: ${TOKEN}";
const env = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: VARIABLE })
      .max(ID_CHARACTERS_MAX, { error: VARIABLE }),
    z
      .string({ error: VARIABLE })
      .max(TEXT_MAX, { error: VARIABLE })
      .refine((value) => !value.includes("\0"), { error: VARIABLE }),
  )
  .refine((all) => Object.keys(all).length <= ARGUMENTS_MAX, { error: VARIABLE });

/** One tool server of slipclutch.yaml. Which kind has which fields: `server-kinds.ts`. */
export const toolServer = strict({
  kind: oneOf(["mcp", "http", "openapi", "agent"]).describe(
    "What it speaks: MCP, over streamable HTTP or as a child that is started here; plain HTTP, written out here or described by an OpenAPI document; or `agent`: tools that the agent runs itself.",
  ),
  command: command
    .describe(
      "`kind: mcp` only, instead of `url`: the program that is started and spoken to over its pipes, with its arguments.",
    )
    .optional(),
  args: z
    .array(argument, { error: COMMAND })
    .max(ARGUMENTS_MAX, { error: COMMAND })
    .describe("Its arguments, where `command` is the program alone.")
    .optional(),
  env: env
    .describe(
      "With `command`: its environment, beside PATH, HOME, LANG and TMPDIR. Nothing else of the gateway's reaches it.",
    )
    .optional(),
  cwd: program
    .describe(
      "With `command`: the folder that it runs in, from the guardrails folder. Default `.`.",
    )
    .optional(),
  url: serverUrl("http://127.0.0.1:7000/mcp")
    .describe("Where it is. `kind: openapi`: instead of what the document's `servers` say.")
    .optional(),
  auth: auth.describe("The gateway's own credentials; agents never hold them.").optional(),
  headers: headers.describe("Extra headers for every request.").optional(),
  asks: yesOrNo
    .describe(
      "`kind: agent` only: the agent asks for a decision before it runs one of these tools, so limits on calls hold. Default false.",
    )
    .optional(),
  connections_max: count(1, 10_000)
    .describe(
      "Most connections to it, one call on each; with `command`: most calls at once. Default 64.",
    )
    .optional(),
  ...HTTP_SERVER_FIELDS,
  tools: z
    .record(
      id,
      strict({
        effect: oneOf(["read", "write"])
          .describe("Whether it changes anything. `http` and `openapi`: GET and HEAD read.")
          .optional(),
        sql: argumentPointer
          .describe(
            "Instead of `effect`: where in a call its SQL is, in PostgreSQL's dialect. Each call reads or writes as its SQL does.",
          )
          .optional(),
        unwraps: strict({
          tool: argumentPointer.describe("Where in a call the other tool's name is."),
          arguments: argumentPointer.describe(
            "Where its arguments are: an object, or a text of JSON.",
          ),
          server: argumentPointer
            .describe(
              "Where the name of its tool server is, as under `tool_servers`. Default: the other tool is one of this server.",
            )
            .optional(),
        })
          .describe(
            "A call of it is a call of another tool, like `call_tool`'s: both must be allowed, by their own grants.",
          )
          .optional(),
        ...HTTP_TOOL_FIELDS,
      }),
      { error: "a map from names of tools to { effect: read } or { effect: write }" },
    )
    .describe("What its tools do, as you vouch. A tool of MCP that is not here is taken to write.")
    .optional(),
});

const POINTER = "a JSON pointer that begins with /arguments or /result, like /result/seconds";
const pointer = z
  .string({ error: POINTER })
  .regex(/^\/(arguments|result)(\/([^~/]|~[01])*)*$/, { error: POINTER })
  .max(POINTER_CHARACTERS_MAX, { error: POINTER });

const QUANTITY = `a number above 0 and at most ${QUANTITY_MAX}`;
const quantity = z
  .number({ error: QUANTITY })
  .positive({ error: QUANTITY })
  .max(QUANTITY_MAX, { error: QUANTITY });

const cost = strict({
  usd: usdRoundedUp.describe("USD for one call; with `quantity`, for one unit of it."),
  per: id.describe("With `quantity`: what one unit is called, like `minute`.").optional(),
  quantity: strict({
    pointer: pointer.describe("Where it is found: from /arguments or /result."),
    divide_by: quantity
      .describe("What is found there, divided by this, is in units. Default 1.")
      .optional(),
  })
    .describe("What the price is multiplied with.")
    .optional(),
  max: quantity
    .describe(
      "With `quantity`: the most units of one call. Reserved, and charged if none is found.",
    )
    .optional(),
});

/** Each is a row of the store. */
const ACTIVE_MAX = 10_000;

const commitment = strict({
  usd_per_hour: usdRoundedUp.describe("USD for each hour that it goes on."),
  id: pointer.describe("Where a call says what it made: from /arguments or /result."),
  ends_with: strict({
    tool: id.describe("The tool that ends it; this manifest grants it too."),
    server: id.describe("Where that tool is. Default: the same server.").optional(),
    id: pointer.describe("Where a call of that tool says which one it ends."),
  }).describe("A call of this tool that succeeds ends it."),
  max_active: count(1, ACTIVE_MAX).describe(
    "At most so many at once, over all gateways; those whose fate nobody knows count too.",
  ),
  horizon: duration(1000, "31d")
    .describe("So far ahead its cost is set aside, and renewed at its half. Default 1h.")
    .optional(),
  on_unrenewable: oneOf(["trip", "end"])
    .describe(
      "When the budgets do not cover another horizon: pause the agent for a person, or call the ending tool, and pause it if that fails. Default trip.",
    )
    .optional(),
});
const PIN =
  "sha256: and 64 hexadecimal digits\n`slipclutch manifest pin` asks the tool server and writes it.";
/** A JSON Schema, whose own meaning is looked at later. */
export const jsonSchema = z.record(z.string(), z.json(), { error: "a JSON Schema, as a map" });

/** One tool that a manifest grants. */
export const allowedTool = strict({
  tool_name: id.describe("The tool, as its server names it."),
  server: id
    .describe("Which of `tool_servers` has it. Default: the one that lists it, or the only one.")
    .optional(),
  rate_limit: strict({
    requests: count(1, RATE_REQUESTS_MAX).describe("At most so many calls."),
    per_seconds: count(1, RATE_SECONDS_MAX).describe("In any window of this length."),
  })
    .describe("Holds over all gateways together.")
    .optional(),
  read_only: yesOrNo
    .describe("It may only read; a tool that writes needs false. Default true.")
    .optional(),
  arguments: jsonSchema
    .describe(
      "JSON Schema 2020-12 of its arguments. With `properties`, others are refused unless `additionalProperties` says otherwise.",
    )
    .optional(),
  resource: resource
    .describe("What a call is about. A call from which it cannot be made out is refused.")
    .optional(),
  pin: z
    .string({ error: PIN })
    .regex(/^sha256:[0-9a-f]{64}$/, { error: PIN })
    .describe(
      "Hash of how its server described it when it was reviewed; `slipclutch manifest pin` writes it. Described otherwise, it is refused and not listed.",
    )
    .optional(),
  requires_approval: z
    .union([z.boolean(), z.record(z.string(), z.json())], {
      error: "true, or a JSON Schema of the arguments that need it, as a map",
    })
    .describe(
      "Calls wait until a person approves them: all, or those whose arguments fit a JSON Schema. Default false.",
    )
    .optional(),
  cost: cost.describe("What a call costs; drawn from the same budgets as models.").optional(),
  commitment: commitment
    .describe("What goes on costing money after the call, until another tool ends it.")
    .optional(),
  empty_result: oneOf(["ok", "error"])
    .describe("Whether a result with nothing in it counts as an error. Default ok.")
    .optional(),
  output: jsonSchema
    .describe(
      "JSON Schema 2020-12 that its result must fit. One that does not counts as an error, and is delivered.",
    )
    .optional(),
  timeout: duration(100, "1d")
    .describe("A call must have ended after this. Default 1m.")
    .optional(),
  repeats: strict({
    max: count(1, REPEATS_MAX).describe(
      "So many identical calls of a task are no alarm, in place of a breaker's own value.",
    ),
  })
    .describe("The tool is polled on purpose.")
    .optional(),
  max_concurrent: count(1, CONCURRENT_MAX)
    .describe("At most so many calls at once, over all gateways together. Default: any number.")
    .optional(),
  max_result_bytes: count(RESULT_BYTES_LEAST, RESULT_BYTES_MAX)
    .describe(
      "Largest answer, as its server sends it; a larger one is not delivered. Default 8388608.",
    )
    .optional(),
});

/** Names of tools. */
export const toolNames = z.array(id, { error: "a list of names of tools" }).max(ENTRIES_MAX);

export type RawToolServer = z.output<typeof toolServer>;
export type RawAuth = NonNullable<RawToolServer["auth"]>;
export type RawHttpTool = NonNullable<RawToolServer["tools"]>[string];
export type RawTool = z.output<typeof allowedTool>;

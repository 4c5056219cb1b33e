/**
 * The schema of agents/<agent_id>.{json,yaml,yml}, and of the limits that both it and
 * slipclutch.yaml have.
 */
import { z } from "zod";
import { HOSTED_TOOLS } from "../guards/call.ts";
import { breaker } from "./clutch-schema.ts";
import {
  count,
  duration,
  ENTRIES_MAX,
  id,
  instant,
  oneOf,
  strict,
  TOKENS_MAX,
  VERSION_FIELDS,
  yesOrNo,
} from "./fields.ts";
import { allowedPrompt, allowedResource } from "./library-schema.ts";
import { allowedTool, toolNames } from "./tool-schema.ts";

/** A task with more is none that anybody wants to end here. */
const CALLS_MAX = 1_000_000_000;

/** Limits on one model call: of an agent, or of one model of an agent. */
export const CALL_LIMIT_FIELDS = {
  max_output_tokens: count(1, TOKENS_MAX)
    .describe("Most tokens of one answer; also the cap that is sent when the client sends none.")
    .optional(),
  max_input_tokens: count(1, TOKENS_MAX)
    .describe("Most tokens of input of one call, by the bound that the gateway computes.")
    .optional(),
  max_n: count(1, 128).describe("Most choices (`n`) of one call.").optional(),
  timeout: duration(1000)
    .describe(
      "How long the provider may take to begin its answer, and between its parts. Default 10m.",
    )
    .optional(),
  min_useful_output: count(1, TOKENS_MAX)
    .describe(
      "A cap that is narrowed to fit a budget never goes below this many tokens. Default 256.",
    )
    .optional(),
};

/** Limits on an agent: its calls and its tasks. */
export const LIMIT_FIELDS = {
  ...CALL_LIMIT_FIELDS,
  new_tasks_per_hour: count(0, 1_000_000)
    .describe("Tasks that the agent may name in any hour. Default 60.")
    .optional(),
  max_active_tasks: count(1, 1_000_000)
    .describe("Tasks of the agent alive at once. Default 1000.")
    .optional(),
  max_depth: count(0, 64).describe("How deep tasks may nest. Default 8.").optional(),
  max_children: count(0, 1_000_000)
    .describe("Child tasks alive of one task. Default 100.")
    .optional(),
  task_idle: duration(1000).describe("A task that is idle this long ends. Default 1h.").optional(),
  max_calls: count(1, CALLS_MAX)
    .describe("Calls of one task, of models and tools together. Default: any number.")
    .optional(),
  max_tool_calls: count(1, CALLS_MAX)
    .describe("Calls of tools of one task. Default: any number.")
    .optional(),
  max_duration: duration(1000)
    .describe("How long after its opening a task may begin calls. Default: for ever.")
    .optional(),
  max_arguments_bytes: count(2, 256 * 1024 * 1024)
    .describe("Largest arguments of one tool call, as they came. Default 1048576.")
    .optional(),
};

const grantedModel = z.union(
  [id, strict({ model: id.describe("What clients ask for."), ...CALL_LIMIT_FIELDS })],
  { error: "a model's id, or an object with `model` and its limits" },
);

/** One agent's manifest. */
export const manifestSchema = strict({
  ...VERSION_FIELDS,
  agent: id
    .describe("The agent's id; equal to the file's name. `agent_id` is the same.")
    .optional(),
  agent_id: id.describe("Means the same as `agent`.").optional(),
  labels: strict({
    team: id.describe("The team whose budgets it draws on.").optional(),
    org: id.describe("The organisation whose budgets it draws on.").optional(),
    owner: id.describe("Who answers for the agent.").optional(),
  })
    .describe("Whose the agent is.")
    .optional(),
  models: z
    .array(grantedModel, { error: "a list of models" })
    .max(ENTRIES_MAX)
    .describe("The models it may use. Without it: any model that has a price.")
    .optional(),
  allowed_tools: z
    .array(allowedTool, { error: "a list of tools" })
    .max(ENTRIES_MAX)
    .describe("The tools it may call, and no others. Without it: none.")
    .optional(),
  allowed_resources: z
    .array(allowedResource, { error: "a list of resources" })
    .max(ENTRIES_MAX)
    .describe("The resources of MCP servers that it may read, and no others. Without it: none.")
    .optional(),
  allowed_prompts: z
    .array(allowedPrompt, { error: "a list of prompts" })
    .max(ENTRIES_MAX)
    .describe("The prompts of MCP servers that it may get, and no others. Without it: none.")
    .optional(),
  hosted_tools: z
    .array(oneOf(HOSTED_TOOLS), { error: `a list of ${HOSTED_TOOLS.join(", ")}` })
    .describe("The tools that providers run which it may offer to models. Without it: none.")
    .optional(),
  blacklisted_tools: toolNames
    .describe("Tools it may never call, whatever else is said, in any spelling of their names.")
    .optional(),
  denied_tools: toolNames.describe("Means the same as `blacklisted_tools`.").optional(),
  mode: oneOf(["enforce", "observe"])
    .describe(
      "`observe`: but for blacklist, money and approvals, what would be refused is let through and recorded, until `observe_until`. Default enforce.",
    )
    .optional(),
  observe_until: instant
    .describe("With `mode: observe`: from then on everything is enforced.")
    .optional(),
  observe_servers: z
    .array(id, { error: "a list of tool servers" })
    .max(ENTRIES_MAX)
    .describe(
      "With `mode: observe`: the tool servers whose tools it may call without a grant. Default: all.",
    )
    .optional(),
  limits: strict(LIMIT_FIELDS).describe("Limits for all its models and its tasks.").optional(),
  strict: yesOrNo.describe("Above a limit: refuse instead of clamping. Default false.").optional(),
  uncapped: yesOrNo
    .describe("It is meant that no money budget draws on this agent. Default false.")
    .optional(),
  on_change: z
    .enum(["finish", "apply", "strictest"], { error: "one of finish, apply, strictest" })
    .describe(
      "Named tasks that run when it changes: `finish` under the manifest they began with, `apply` this one at once, or `strictest`: only what both allow. Default strictest.",
    )
    .optional(),
  tell_agent: yesOrNo
    .describe("Put one line about the budget into the system prompt. Default false.")
    .optional(),
  transcripts: z
    .literal(false, { error: "false: that it is kept at all is said in slipclutch.yaml" })
    .describe(
      "`false`: nothing is kept of what this agent's tasks say, whatever slipclutch.yaml says.",
    )
    .optional(),
  breakers: z
    .array(breaker, { error: "a list of breakers" })
    .max(ENTRIES_MAX)
    .describe(
      "Breakers of this agent beside those of slipclutch.yaml. One of the same name may only be tighter.",
    )
    .optional(),
  refusal_rounds: count(0, 5)
    .describe(
      "If all tool calls of an answer are refused, ask the model again so often. Default 1.",
    )
    .optional(),
});

export type RawManifest = z.output<typeof manifestSchema>;
export type RawCallLimits = Pick<RawLimits, keyof typeof CALL_LIMIT_FIELDS>;
export type RawLimits = NonNullable<RawManifest["limits"]>;

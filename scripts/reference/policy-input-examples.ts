/** Documents as the gateway sends them: test/e2e/policy-input.test.ts holds them to those. */
import type { PolicyInput } from "../../src/guards/policy/input.ts";

const COMMIT = "9f3c2ab41d6e58f07b1c93d2a4e6f8091b2c3d4e";

const AROUND = {
  version: 1,
  agent_id: "billing-optimizer",
  task: { id: "invoices-2026-11", parent: null, age_seconds: 74.2, calls: 12 },
  budgets: [
    {
      name: "billing-daily",
      unit: "usd",
      limit: 20,
      remaining: 17.38,
      window_ends_at: "2026-11-24T00:00:00.000Z",
    },
  ],
  metrics: {
    "tool-surge": { signal: "calls_per_tool", value: 4, line: 20 },
    "token-spike": { signal: "tokens_per_task", value: 5210, line: 20000 },
  },
  time: "2026-11-23T17:34:20.948Z",
  labels: { team: "finance", org: "acme", owner: "ann" },
  commits: { guardrails: COMMIT, policies: COMMIT },
} as const satisfies Partial<PolicyInput>;

export const TOOL_CALL: PolicyInput = {
  ...AROUND,
  call: {
    kind: "tool",
    server: "warehouse",
    tool: "run_sql",
    arguments: { sql: "select sum(total) from Sales.Invoices" },
    effect: "read",
    inside: null,
    reading: null,
  },
  resource: { type: "database", table_name: "invoices" },
};

export const MODEL_CALL: PolicyInput = {
  ...AROUND,
  call: {
    kind: "model",
    model: "gpt-5-mini",
    provider: "openai",
    format: "openai-chat",
    stream: true,
    max_output_tokens: 2000,
    choices: 1,
    input_bytes: 5312,
    messages: 9,
    images: 0,
    tools: ["run_sql"],
    hosted_tools: [],
  },
};

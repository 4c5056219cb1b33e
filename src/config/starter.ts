/**
 * The folder that `slipclutch init` writes: it answers a first call without a key and without
 * money.
 */
import type { Files } from "./configuration.ts";

const SLIPCLUTCH = `# What this gateway listens on, which providers it may call, and what may be spent.
# Check every change with:  slipclutch check
version: 1

# listeners:
#   agent: 127.0.0.1:4141      # where agents call
#   control: 127.0.0.1:4142    # where operators call

# Without providers a simulated one answers, free of charge. For real ones:
# providers:
#   openai:
#     kind: openai
#     api_key: \${OPENAI_API_KEY}
#   anthropic:
#     kind: anthropic
#     api_key: \${ANTHROPIC_API_KEY}

budgets:
  # All that this agent may spend in a calendar month (UTC).
  - name: example-monthly
    agent: example
    limit_usd: 5
    window: month
  # All that one task of any agent may spend: a runaway stops here first.
  - name: each-task
    each: task
    limit_usd: 0.5
    window: task

limits:
  max_output_tokens: 4096      # of one answer, unless a manifest says otherwise
  new_tasks_per_hour: 60
`;

const EXAMPLE = `# What the agent "example" may use. The file's name is the agent's id.
# Make a key for it with:  slipclutch keys create --agent example
version: 1
agent: example
labels:
  owner: you@example.com
models:
  - simulated-small
  - model: simulated-large
    max_output_tokens: 1024
`;

const PRICES = `# Prices that override the built-in price book or add to it, in USD for a million tokens.
# The first name is the provider's prices_of, the second the exact id of the model.
#
# openai:
#   my-fine-tuned-model:
#     input: 3
#     output: 12
#     context_window: 128000
#     max_output: 16384
`;

/** File names, relative to the folder, with their texts. */
export const STARTER: Files = new Map([
  ["slipclutch.yaml", SLIPCLUTCH],
  ["agents/example.yaml", EXAMPLE],
  ["prices.yaml", PRICES],
]);

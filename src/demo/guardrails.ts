/** The guardrails of the demo: one agent, one manifest, one budget, breakers as they come. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TRANSCRIBE, UPDATE } from "./model-turn.ts";
import { MODEL, TRANSCRIPTION } from "./prices.ts";

export const AGENT = "support-transcriber-demo";

/** The far ends, as the gateway reaches them. */
export interface FarEnds {
  readonly modelUrl: string;
  readonly toolsUrl: string;
}

export async function writeGuardrails(folder: string, farEnds: FarEnds): Promise<void> {
  await writeFiles(folder, {
    "slipclutch.yaml": settings(farEnds),
    "prices.yaml": PRICES,
    [`agents/${AGENT}.json`]: `${JSON.stringify(MANIFEST, null, 2)}\n`,
  });
}

export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

function settings({ modelUrl, toolsUrl }: FarEnds): string {
  return `version: 1
providers:
  demo:
    kind: openai
    base_url: ${modelUrl}/v1
    api_key: guarded
    prices_of: demo
    models: [${MODEL.name}]
tool_servers:
  help-desk:
    kind: mcp
    url: ${toolsUrl}/mcp
    auth: { bearer: guarded }
    tools:
      ${TRANSCRIBE}: { effect: read }
      ${UPDATE}: { effect: write }
budgets:
  - name: support-monthly
    agent: ${AGENT}
    limit_usd: 500
    window: month
# No breakers are configured: those that every agent has are enough.
`;
}

const PRICES = `demo:
  ${MODEL.name}:
    input: ${MODEL.inputUsdPerMillion}
    output: ${MODEL.outputUsdPerMillion}
    context_window: ${MODEL.contextWindow}
    max_output: ${MODEL.maxOutput}
`;

const MANIFEST = {
  schema_version: "v1",
  agent_id: AGENT,
  models: [MODEL.name],
  allowed_tools: [
    {
      tool_name: TRANSCRIBE,
      empty_result: "error",
      timeout: "45s",
      cost: {
        usd: TRANSCRIPTION.usdPerMinute,
        per: "minute",
        quantity: { pointer: "/result/duration_seconds", divide_by: 60 },
        max: TRANSCRIPTION.minutes,
      },
    },
    { tool_name: UPDATE, read_only: false },
  ],
  blacklisted_tools: ["delete_ticket"],
};

/** The guardrails of the optimizer: one agent, two tools, what one of them goes on costing. */
import { writeFiles } from "./guardrails.ts";

export const AGENT = "cost-optimizer-demo";
export const CREATE = "create_service";
export const DELETE = "delete_service";

/** Of one service, in thousandths of a dollar: half a dollar. */
export const MILLI_USD_PER_HOUR = 500;
export const ACTIVE_MAX = 20;

export async function writeOptimizerGuardrails(folder: string, cloudUrl: string): Promise<void> {
  await writeFiles(folder, {
    "slipclutch.yaml": settings(cloudUrl),
    [`agents/${AGENT}.json`]: `${JSON.stringify(MANIFEST, null, 2)}\n`,
  });
}

function settings(cloudUrl: string): string {
  return `version: 1
tool_servers:
  cloud:
    kind: mcp
    url: ${cloudUrl}/mcp
    auth: { bearer: guarded }
budgets:
  - name: optimizer-monthly
    agent: ${AGENT}
    limit_usd: 500
    window: month
# It would pause the agent first: here it is seen what holds without it.
breakers:
  - { name: tool-surge, enabled: false }
`;
}

const MANIFEST = {
  schema_version: "v1",
  agent_id: AGENT,
  allowed_tools: [
    {
      tool_name: CREATE,
      read_only: false,
      commitment: {
        usd_per_hour: MILLI_USD_PER_HOUR / 1_000,
        id: "/result/service_id",
        ends_with: { tool: DELETE, id: "/arguments/service_id" },
        max_active: ACTIVE_MAX,
        horizon: "2h",
      },
    },
    { tool_name: DELETE, read_only: false },
  ],
};

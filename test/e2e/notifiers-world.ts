/** A gateway with notifiers, and the far ends that they tell. */
import { systemClock } from "../../src/adapters/clock/system.ts";
import { fakeSlack, type SlackMessage } from "../../src/testing/fake-slack.ts";
import { type FakeWebhook, fakeWebhook } from "../../src/testing/fake-webhook.ts";
import type { FarEnd } from "../../src/testing/far-end.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import type { Folder } from "../support/gateway.ts";

export const SECRET = "whsec-0123456789abcdef";
export const ECHO = "/guard/v1/tools/echo/call";

export interface FarEnds {
  readonly slack: FarEnd<SlackMessage>;
  readonly hook: FakeWebhook;
  readonly desk: McpFixture;
  close(): Promise<void>;
}

export async function farEnds(): Promise<FarEnds> {
  const [slack, hook, desk] = await Promise.all([
    fakeSlack(),
    fakeWebhook(SECRET, systemClock),
    mcpFixture(),
  ]);
  return {
    slack,
    hook,
    desk,
    close: async () => {
      await Promise.all([slack.close(), hook.close(), desk.close()]);
    },
  };
}

export const AGENTS = ["worker", "writer"];

/** Two agents; `stuck` trips at the third equal call. */
export function folderWith(
  { desk }: FarEnds,
  notifiers: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Folder {
  const manifests = AGENTS.map((agent) => {
    const labels = { team: agent === "worker" ? "support" : "sales" };
    const manifest = { version: 1, agent, labels, allowed_tools: [{ tool_name: "echo" }] };
    return [`agents/${agent}.yaml`, manifest] as const;
  });
  return {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: { desk: { kind: "mcp", url: desk.url, tools: { echo: { effect: "read" } } } },
      breakers: [{ name: "stuck", above: { value: 3 } }],
      parking: { hold_for: "0s" },
      budgets: [{ name: "all", each: "agent", limit_usd: 1, window: "lifetime" }],
      notifiers,
      ...more,
    },
    ...Object.fromEntries(manifests),
  };
}

export function hookOf({ hook }: FarEnds, more: Readonly<Record<string, unknown>> = {}) {
  return { kind: "webhook", url: hook.url, secret: SECRET, ...more };
}

export function slackOf({ slack }: FarEnds, more: Readonly<Record<string, unknown>> = {}) {
  return { kind: "slack", webhook_url: slack.url, ...more };
}

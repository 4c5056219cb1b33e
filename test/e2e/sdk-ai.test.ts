/** `guard.aiTools`, with the Vercel AI SDK itself and its own stand-in for a model. */
import { generateText, isStepCount, tool } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { createGuard, type DeniedError } from "../../src/sdk/index.ts";
import { booksOf } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "./clients-world.ts";

let gateway: TestGateway;

afterEach(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
});

async function open() {
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        tool_servers: { own: { kind: "agent", asks: true, tools: { look: { effect: "read" } } } },
        budgets: [{ name: "all", agent: "worker", limit_usd: 10, window: "lifetime" }],
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: [
          {
            tool_name: "look",
            server: "own",
            arguments: { properties: { table: { enum: ["tickets"] } } },
            cost: { usd: 1, per: "row", max: 5, quantity: { pointer: "/result/rows" } },
          },
        ],
      },
    },
  });
  return createGuard({ gateway: gateway.agentUrl, key: gateway.agentKey });
}

/** A model that calls `look` once, and then says that it is done. */
function model(input: object): MockLanguageModelV4 {
  const tokens = { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0, text: 1, reasoning: 0 };
  const rest = { usage: { inputTokens: tokens, outputTokens: tokens }, warnings: [] };
  const look = { toolCallId: "call-1", toolName: "look", input: JSON.stringify(input) };
  return new MockLanguageModelV4({
    doGenerate: [
      {
        content: [{ type: "tool-call", ...look }],
        finishReason: { unified: "tool-calls", raw: "tool_calls" },
        ...rest,
      },
      {
        content: [{ type: "text", text: "done" }],
        finishReason: { unified: "stop", raw: "stop" },
        ...rest,
      },
    ],
  });
}

async function contentOf(execute: (input: { table: string }) => unknown, table: string) {
  const guard = await open();
  const tools = guard.aiTools({
    look: tool({ inputSchema: z.object({ table: z.string() }), execute }),
  });
  const elsewhere = tool({ inputSchema: z.object({}) });
  // Its calls are answered by somebody else: there is nothing here to hold.
  expect(guard.aiTools({ elsewhere }).elsewhere).toBe(elsewhere);
  const { steps, text } = await generateText({
    model: model({ table }),
    tools,
    stopWhen: isStepCount(3),
    prompt: "Look!",
  });
  expect(text).toBe("done");
  return steps.flatMap(({ content }) => content);
}

test("a tool of the AI SDK is decided before it runs and reported on after", async () => {
  const content = await contentOf(({ table }) => ({ table, rows: 2 }), "tickets");
  expect(content).toContainEqual(
    expect.objectContaining({ type: "tool-result", output: { table: "tickets", rows: 2 } }),
  );
  await until(async () => (await booksOf(gateway)).spent === 2_000_000_000n);
});

test("a refused tool does not run, and the model is told why", async () => {
  let runs = 0;
  const content = await contentOf(() => {
    runs += 1;
  }, "users");
  const failed = content.find(({ type }) => type === "tool-error");
  expect(failed).toMatchObject({ toolName: "look" });
  // A part of that type has what was thrown.
  const { error } = failed as unknown as { error: DeniedError };
  expect(error).toMatchObject({ name: "DeniedError", code: "manifest.arguments" });
  expect(runs).toBe(0);
});

test("of a tool that tells its progress the last word is its result", async () => {
  const content = await contentOf(async function* () {
    yield { rows: 0 };
    yield { rows: 3 };
  }, "tickets");
  expect(content).toContainEqual(
    expect.objectContaining({ type: "tool-result", output: { rows: 3 } }),
  );
  await until(async () => (await booksOf(gateway)).spent === 3_000_000_000n);
});

/**
 * An agent on the Vercel AI SDK that guards itself: no gateway runs beside it.
 * `node examples/in-process/agent.mjs`
 */
import { generateText, isStepCount, tool } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { createGuard } from "slipclutch";
import { z } from "zod";

const guard = await createGuard({
  config: import.meta.dirname,
  data: "data",
  agent: "support",
  environment: process.env,
});

const tools = guard.task("ticket-4711").aiTools({
  find_ticket: tool({
    description: "A ticket by its number.",
    inputSchema: z.object({ id: z.number() }),
    execute: ({ id }) => ({ id, customer: "Ada", recording: `rec_${id}` }),
  }),
  refund: tool({
    description: "Gives a customer money back.",
    inputSchema: z.object({ id: z.number(), usd: z.number() }),
    execute: () => "Refunded.",
  }),
});

const { steps, text } = await generateText({
  model: scripted([
    { toolName: "find_ticket", input: { id: 4711 } },
    { toolName: "refund", input: { id: 4711, usd: 500 } },
    "I may not refund that: a colleague will write to you.",
  ]),
  tools,
  stopWhen: isStepCount(5),
  prompt: "Ticket 4711 wants its money back.",
});

for (const part of steps.flatMap(({ content }) => content)) {
  if (part.type === "tool-result") console.log(part.toolName, "→", part.output);
  if (part.type === "tool-error") console.log(part.toolName, "→", part.error.code);
}
console.log(text);
await guard.close();

/**
 * Stands in for a model, so that this runs without a key. A real one is held to its budgets by
 * `createOpenAI(guard.settings)("…")` of the package `@ai-sdk/openai`.
 */
function scripted(turns) {
  const tokens = { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0, text: 10, reasoning: 0 };
  return new MockLanguageModelV4({
    doGenerate: turns.map((turn, at) => {
      const isText = typeof turn === "string";
      const call = { type: "tool-call", toolCallId: `call-${at}`, toolName: turn.toolName };
      return {
        content: [
          isText ? { type: "text", text: turn } : { ...call, input: JSON.stringify(turn.input) },
        ],
        finishReason: isText ? { unified: "stop" } : { unified: "tool-calls" },
        usage: { inputTokens: tokens, outputTokens: tokens },
        warnings: [],
      };
    }),
  });
}

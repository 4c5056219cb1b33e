/** The demo's model: a provider over HTTP that bills as one, in a process of its own. */

import { systemClock } from "../adapters/clock/system.ts";
import { readAsk } from "../adapters/provider/simulated/ask.ts";
import { wholeChat } from "../adapters/provider/simulated/openai-chat.ts";
import type { Plan } from "../adapters/provider/simulated/plan.ts";
import { isObject, parseOrNothing } from "../wire/json.ts";
import { Books } from "./bills.ts";
import { type Asked, now, type Said, serve } from "./far-end.ts";
import { nextStep, type Step } from "./model-turn.ts";
import { modelNanoUsd } from "./prices.ts";

/** A quick model; slower ones run away no less, only later. */
const THINKS_MS = 350;
/** What it takes to think of a call and write it, and to say a sentence. */
const OUTPUT_TOKENS = { call: 80, say: 30 } as const;

const books = new Books();
serve({ books, path: "/v1/chat/completions", answer, switches: {} });

function answer({ account, body }: Asked): Said {
  const ask = readAsk("openai-chat", body);
  if (typeof ask === "string") return refusal(ask);
  const request = parseOrNothing(Buffer.from(body).toString("utf8"));
  const messages = isObject(request) && Array.isArray(request.messages) ? request.messages : [];
  const step = nextStep(messages.filter(isObject));
  if (step.kind === "call" && !ask.offered.has(step.name)) return refusal(`no tool ${step.name}`);

  const tokens = { input: ask.inputTokens, output: OUTPUT_TOKENS[step.kind] };
  books.charge(account, modelNanoUsd(tokens));
  const number = books.of(account).calls;
  const text = wholeChat(planOf(step, { ...tokens, number, model: ask.model }), true);
  return { status: 200, text, afterMs: THINKS_MS };
}

function planOf(step: Step, plan: Pick<Plan, "number" | "model" | "input" | "output">): Plan {
  const created = Math.floor(systemClock.wall() / 1_000);
  const rest = { ...plan, created, capped: false, choices: 1 };
  if (step.kind === "say") return { ...rest, pieces: [step.text], calls: [] };
  const call = { name: step.name, arguments: JSON.stringify(step.arguments) };
  return { ...rest, pieces: ["Let me look at this."], calls: [call] };
}

function refusal(message: string): Said {
  return now(400, JSON.stringify({ error: { message, type: "invalid_request_error" } }));
}

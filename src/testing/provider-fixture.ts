import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Script } from "../adapters/provider/simulated/script.ts";
import type { Format } from "../guards/call.ts";
import type { ProviderRules } from "../guards/provider-rules.ts";
import type { Provider, UpstreamRequest } from "../ports/provider.ts";

/** A provider whose upstream follows a script, with what must be known of that upstream. */
export interface ProviderFixture {
  readonly provider: Provider;
  /** Bytes of requests that left this process, where that can be seen. */
  bytesWritten?(): number;
  dispose(): Promise<void>;
}

/** Makes a fresh provider, which answers by the script. */
export type OpenProvider = (script: Partial<Script>) => Promise<ProviderFixture>;

/** Long enough for anything that must not come to have come. */
export const SILENCE_MS = 30;
const TIMEOUT_MS = 5_000;
export const FORMATS: readonly Format[] = ["openai-chat", "anthropic-messages"];

/** A request that both formats' servers accept. */
export function askRequest(
  format: Format,
  body: Readonly<Record<string, unknown>> = {},
  timeoutMs = TIMEOUT_MS,
): UpstreamRequest {
  const messages = [{ role: "user", content: "hello" }];
  const whole = { model: "simulated-small", max_tokens: 1_000, messages, ...body };
  return {
    format,
    path: format === "openai-chat" ? "/chat/completions" : "/v1/messages",
    headers: { "content-type": "application/json" },
    body: new TextEncoder().encode(JSON.stringify(whole)),
    timeoutMs,
  };
}

/** Waits for something that must become true within about a second. */
export async function until(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !done(); tries++) await sleep(2);
  expect(done()).toBe(true);
}

/** Rules of a provider for tests, where nothing depends on them. */
export function someRules(name: string): ProviderRules {
  return {
    name,
    formats: FORMATS,
    inputBound: "bytes+overhead",
    overhead: { base: 16, perMessage: 8, perTool: 64, tools: 512, perImage: 4_096 },
    capField: "max_completion_tokens",
    streamOptions: true,
    errorsAreFree: true,
    onAbort: "drain",
    framesAreTokens: true,
    showsAllOutput: true,
    outputCapMin: 1,
    allowFields: [],
  };
}

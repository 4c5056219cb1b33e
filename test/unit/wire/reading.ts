import type { Format } from "../../../src/guards/call.ts";
import type { ProviderRules } from "../../../src/guards/provider-rules.ts";
import { isDenial } from "../../../src/guards/verdict.ts";
import type { ReadOptions, ReadRequest } from "../../../src/wire/format.ts";
import { FORMATS } from "../../../src/wire/formats.ts";

const ENCODER = new TextEncoder();

/** Options as the shell gives them for this text. */
export function optionsFor(text: string, more: Partial<ReadOptions> = {}): ReadOptions {
  const bytes = ENCODER.encode(text).length;
  return { bytes, headers: {}, allowFields: [], depthMax: 64, ...more };
}

/** A request that is read, or an error that says why it was not. */
export function readText(
  format: Format,
  text: string,
  more: Partial<ReadOptions> = {},
): ReadRequest {
  const result = FORMATS[format].read(text, optionsFor(text, more));
  if (isDenial(result)) throw new Error(JSON.stringify(result));
  return result;
}

/** The facts of a refusal, or an error where the text was read. */
export function refusalOf(format: Format, body: unknown): unknown {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const result = FORMATS[format].read(text, optionsFor(text));
  if (!isDenial(result)) throw new Error("was read");
  if (result.code !== "request.malformed") throw new Error(result.code);
  return result.facts;
}

export const RULES: ProviderRules = {
  name: "test",
  formats: ["openai-chat", "anthropic-messages"],
  inputBound: "bytes+overhead",
  overhead: { base: 10, perMessage: 4, perTool: 10, tools: 100, perImage: 2000 },
  capField: "max_completion_tokens",
  streamOptions: true,
  errorsAreFree: true,
  onAbort: "drain",
  framesAreTokens: true,
  showsAllOutput: true,
  outputCapMin: 1,
  allowFields: [],
};

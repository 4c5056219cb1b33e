/** What holds for a provider of each kind unless slipclutch.yaml says otherwise. */
import type { ProviderRules } from "../guards/provider-rules.ts";
import type { ProviderSettings } from "./configuration.ts";

export interface KindDefaults {
  readonly rules: Omit<ProviderRules, "name" | "allowFields">;
  readonly baseUrl: string | null;
  readonly pricesOf: string;
}

/**
 * Overheads are tokens that a provider's templates add to what the request's bytes already bound:
 * what was measured or documented, with a margin of two or more.
 */
export const KINDS: Readonly<Record<ProviderSettings["kind"], KindDefaults>> = {
  openai: {
    rules: {
      formats: ["openai-chat"],
      inputBound: "bytes+overhead",
      // An image is 48,169 tokens at most: gpt-4o-mini counts 2,833 and 5,667 for each of 8 tiles.
      overhead: { base: 64, perMessage: 16, perTool: 64, tools: 512, perImage: 50_000 },
      capField: "max_completion_tokens",
      streamOptions: true,
      errorsAreFree: true,
      onAbort: "drain",
      framesAreTokens: true,
      showsAllOutput: false,
      outputCapMin: 1,
    },
    baseUrl: "https://api.openai.com/v1",
    pricesOf: "openai",
  },
  anthropic: {
    rules: {
      formats: ["anthropic-messages"],
      inputBound: "bytes+overhead",
      // The system prompt for tools is at most 700 tokens, the text editor's definition as much
      // again; an image is scaled down to 4,784 tokens at most.
      overhead: { base: 64, perMessage: 16, perTool: 1_000, tools: 2_000, perImage: 5_000 },
      capField: "max_tokens",
      streamOptions: false,
      errorsAreFree: true,
      onAbort: "drain",
      framesAreTokens: false,
      showsAllOutput: false,
      outputCapMin: 1,
    },
    baseUrl: "https://api.anthropic.com",
    pricesOf: "anthropic",
  },
  simulated: {
    rules: {
      formats: ["openai-chat", "anthropic-messages"],
      inputBound: "bytes+overhead",
      overhead: { base: 16, perMessage: 4, perTool: 16, tools: 0, perImage: 1_000 },
      capField: "max_completion_tokens",
      streamOptions: true,
      errorsAreFree: true,
      onAbort: "drain",
      framesAreTokens: true,
      showsAllOutput: true,
      outputCapMin: 1,
    },
    baseUrl: null,
    pricesOf: "simulated",
  },
};

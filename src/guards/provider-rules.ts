/**
 * What shared code needs to know of a provider, as properties: nothing else ever asks for its name.
 * Defaults come with its `kind`; `slipclutch.yaml` may set each one.
 */
import type { Format } from "./call.ts";

export interface ProviderRules {
  /** The name in `slipclutch.yaml`. */
  readonly name: string;
  readonly formats: readonly Format[];
  /** How tokens of input are bounded before the call. */
  readonly inputBound: "bytes+overhead" | "context_window";
  /** Tokens that templates add, with a margin: see `guards/price/worst-case.ts`. */
  readonly overhead: {
    readonly base: number;
    readonly perMessage: number;
    readonly perTool: number;
    /** Added once when the request has any tool. */
    readonly tools: number;
    readonly perImage: number;
  };
  /** The spelling of the cap that the provider honours in openai-chat. */
  readonly capField: "max_tokens" | "max_completion_tokens";
  /** Whether it takes `stream_options.include_usage`. */
  readonly streamOptions: boolean;
  /** A well-formed error without usage costs nothing. */
  readonly errorsAreFree: boolean;
  /**
   * What to do upstream when the client hangs up: read on to learn the usage, or cut and charge
   * all.
   */
  readonly onAbort: "drain" | "cancel";
  /** Every frame with text carries at least one token, so frames can be counted against the cap. */
  readonly framesAreTokens: boolean;
  /** Its answers show every token of output that it bills, thoughts included. */
  readonly showsAllOutput: boolean;
  /** The least output cap that the provider accepts. */
  readonly outputCapMin: number;
  /** Top-level request fields and headers that the operator vouches for. */
  readonly allowFields: readonly string[];
}

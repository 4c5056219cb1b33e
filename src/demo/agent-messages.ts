/** What the demo and its agent tell each other over the channel between their processes. */
import type { Millis } from "../guards/money.ts";

/** To the agent: where it works, then one ticket after another. */
export type Order =
  | {
      readonly kind: "begin";
      /** With `/v1`, as the OpenAI client wants it. */
      readonly modelUrl: string;
      readonly model: string;
      readonly toolsUrl: string;
      readonly key: string;
    }
  | { readonly kind: "ticket"; readonly ticket: number }
  /** A tool, once with each of these arguments, several at once. */
  | {
      readonly kind: "use";
      readonly tool: string;
      readonly given: readonly Readonly<Record<string, unknown>>[];
    };

/** From the agent. */
export type Report =
  /** It is there, and takes orders. */
  | { readonly kind: "ready" }
  /** A call to the model or to a tool that is over; instants of the wall clock. */
  | {
      readonly kind: "call";
      /** The same where the agent asks it again: a turn of the model, a tool's arguments. */
      readonly which: string;
      readonly from: Millis;
      readonly to: Millis;
      readonly answered: boolean;
    }
  /** The model's client gave up and threw: what agents must not see. */
  | { readonly kind: "model-error"; readonly says: string }
  /** One of them; null: the tool says that it failed, or the call was refused. */
  | { readonly kind: "used"; readonly value: unknown }
  /** A ticket that it cannot go on with; 0: what it was told to use. */
  | { readonly kind: "gave-up"; readonly ticket: number; readonly says: string };

/** What a program holds: every call through it is held to the agent's limits. */
import { type AiTool, guardedAiTools } from "./ai-tools.ts";
import { dispatch, type ToolResult } from "./dispatch.ts";
import { guardedModel, type ModelClient, type ModelSettings, settingsOf } from "./model.ts";
import {
  type Asking,
  type CallOptions,
  type GuardedTool,
  guardedTool,
  type Schema,
  type ToolSpec,
} from "./tool.ts";

export class Guard {
  readonly #asking: Asking;
  readonly #stop: () => Promise<void>;

  constructor(asking: Asking, stop: () => Promise<void>) {
    this.#asking = asking;
    this.#stop = stop;
  }

  /** For whatever takes a base URL (with `/v1`), a key and a fetch. */
  get settings(): ModelSettings {
    return settingsOf(this.#asking.plane, this.#asking.warn);
  }

  /** The same guard for one task: what it spends counts for that task. */
  task(name: string): Guard {
    const { plane, ...how } = this.#asking;
    return new Guard({ ...how, plane: { ...plane, task: name } }, this.#stop);
  }

  /** A client of `openai` or `@anthropic-ai/sdk`, whose calls go to the gateway: of its class. */
  model<Client extends ModelClient>(client: Client): Client {
    return guardedModel(client, this.#asking.plane, this.#asking.warn);
  }

  /**
   * The function, decided before each call and reported on after it. A call that is refused throws
   * a `DeniedError`. Arguments are one object and travel as JSON: the function gets what was
   * decided on.
   */
  tool<Input extends object, Output>(
    spec: ToolSpec & { readonly schema?: undefined },
    run: (given: Input) => Output | Promise<Output>,
  ): GuardedTool<Input, Output>;
  tool<Input extends object, Arguments extends object, Output>(
    spec: ToolSpec & { readonly schema: Schema<Input, Arguments> },
    run: (given: Arguments) => Output | Promise<Output>,
  ): GuardedTool<Input, Output>;
  tool<Given extends object, Output>(
    spec: ToolSpec,
    run: (given: Given) => Output | Promise<Output>,
  ): GuardedTool<object, Output> {
    return guardedTool(spec, run, this.#asking);
  }

  /** Tools of the Vercel AI SDK, each held to the same checks. */
  aiTools<Tools extends Readonly<Record<string, AiTool>>>(tools: Tools): Tools {
    return guardedAiTools(tools, this.#asking);
  }

  /** Has the gateway run a tool of one of its tool servers. */
  call(name: string, given: object = {}, options: CallOptions = {}): Promise<ToolResult> {
    return dispatch({ name, arguments: given, ...options }, this.#asking);
  }

  /** Stops the gateway that was started for this guard, if one was; once for all its tasks. */
  close(): Promise<void> {
    return this.#stop();
  }
}

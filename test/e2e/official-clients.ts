/** The official clients, unmodified, behind one way to ask: what they return, and what they raise. */
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { part } from "../support/parts.ts";
import { pythonClients } from "../support/python.ts";

export type Family = "openai" | "anthropic";

export interface Ask {
  readonly baseUrl: string;
  readonly key: string;
  /** Beyond the first attempt; the clients' own default is 2. */
  readonly retries?: number;
  /** `null` takes one of the client's own away. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** A whole answer, a stream frame by frame, the client's stream helper, or its loop over tools. */
  readonly mode?: "whole" | "frames" | "helper" | "loop";
  readonly body: Readonly<Record<string, unknown>>;
  /** Fields that the client's types do not have. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface Answered {
  readonly kind: "answer";
  readonly headers: Readonly<Record<string, string>>;
  /** As the client gives it; null for `frames`. */
  readonly answer: Json;
  readonly frames: readonly Json[];
  /** Arguments with which the loop ran the tool. */
  readonly ran: readonly unknown[];
}

export interface Raised {
  readonly kind: "raised";
  /** Its class. */
  readonly name: string;
  readonly message: string;
  readonly status: number | null;
  readonly code: string | null;
  readonly type: string | null;
  readonly requestId: string | null;
}

export type Outcome = Answered | Raised;

// What clients return is theirs; tests look into it by name.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any;

export interface Client {
  readonly name: string;
  readonly family: Family;
  readonly language: "TypeScript" | "Python";
  ask(ask: Ask): Promise<Outcome>;
}

export const TOOL_RESULT = "9 degrees";
const NOTHING = { headers: {}, answer: null, frames: [], ran: [] };

/** What the loop's tool is called with ends in `ran`. */
export const WEATHER_PARAMETERS = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
} as const;

const openaiTypeScript: Client = {
  name: "openai in TypeScript",
  family: "openai",
  language: "TypeScript",
  ask: (ask) => outcomeOf(() => askOpenAi(ask)),
};

const anthropicTypeScript: Client = {
  name: "anthropic in TypeScript",
  family: "anthropic",
  language: "TypeScript",
  ask: (ask) => outcomeOf(() => askAnthropic(ask)),
};

async function outcomeOf(ask: () => Promise<Partial<Answered>>): Promise<Outcome> {
  try {
    return { kind: "answer", ...NOTHING, ...(await ask()) };
  } catch (error) {
    return raised(error);
  }
}

function raised(error: unknown): Raised {
  const { message } = error as Error;
  const isOpenAi = error instanceof OpenAI.APIError;
  const isAnthropic = error instanceof Anthropic.APIError;
  return {
    kind: "raised",
    name: (error as Error).constructor.name,
    message,
    status: isOpenAi || isAnthropic ? (error.status ?? null) : null,
    code: isOpenAi ? (error.code ?? null) : isAnthropic ? error.errorCode : null,
    type: isOpenAi || isAnthropic ? (error.type ?? null) : null,
    requestId: isOpenAi || isAnthropic ? (error.requestID ?? null) : null,
  };
}

function optionsOf({ baseUrl, headers, key, retries }: Ask) {
  return {
    baseURL: baseUrl,
    apiKey: key,
    maxRetries: retries ?? 2,
    defaultHeaders: { ...headers },
  };
}

async function askOpenAi(ask: Ask): Promise<Partial<Answered>> {
  const { completions } = new OpenAI(optionsOf(ask)).chat;
  // The bodies are data of the tests; which overload they are is known only when this runs.
  const body = { ...ask.body, ...ask.extra } as never;
  switch (ask.mode ?? "whole") {
    case "whole": {
      const { data, response } = await completions.create(body).withResponse();
      return { answer: data, headers: Object.fromEntries(response.headers) };
    }
    case "frames": {
      const streamed = { ...(body as object), stream: true } as never;
      const { data, response } = await completions.create(streamed).withResponse();
      return { frames: await all(data), headers: Object.fromEntries(response.headers) };
    }
    case "helper":
      return { answer: await completions.stream(body).finalChatCompletion() };
    case "loop": {
      const ran: unknown[] = [];
      const run = (given: unknown) => {
        ran.push(given);
        return TOOL_RESULT;
      };
      const parameters = { ...WEATHER_PARAMETERS };
      const weather = { name: "weather", parameters, parse: JSON.parse, function: run };
      const tools = [{ type: "function", function: weather }];
      const runner = completions.runTools({ ...(body as object), tools } as never);
      return { answer: await runner.finalChatCompletion(), ran };
    }
  }
}

async function askAnthropic(ask: Ask): Promise<Partial<Answered>> {
  const { beta, messages } = new Anthropic(optionsOf(ask));
  const body = { ...ask.body, ...ask.extra } as never; // as above
  switch (ask.mode ?? "whole") {
    case "whole": {
      const { data, response } = await messages.create(body).withResponse();
      return { answer: data, headers: Object.fromEntries(response.headers) };
    }
    case "frames": {
      const streamed = { ...(body as object), stream: true } as never;
      const { data, response } = await messages.create(streamed).withResponse();
      return { frames: await all(data), headers: Object.fromEntries(response.headers) };
    }
    case "helper":
      return { answer: await messages.stream(body).finalMessage() };
    case "loop": {
      const ran: unknown[] = [];
      const run = (given: unknown) => {
        ran.push(given);
        return TOOL_RESULT;
      };
      const weather = {
        name: "weather",
        description: "The weather of a city.",
        input_schema: WEATHER_PARAMETERS,
        parse: (given: unknown) => given,
        run,
      };
      const runner = beta.messages.toolRunner({
        ...(body as object),
        tools: [weather],
      } as never);
      return { answer: await runner.runUntilDone(), ran };
    }
  }
}

async function all(stream: unknown): Promise<Json[]> {
  const frames: Json[] = [];
  for await (const frame of stream as AsyncIterable<Json>) frames.push(frame);
  return frames;
}

/** Both Python clients, in one process that starts with the first question. */
class Python {
  #child: ReturnType<typeof start> | null = null;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #asked = 0;

  ask(client: Family, ask: Ask): Promise<Outcome> {
    this.#child ??= this.#start();
    const child = this.#child;
    const { extra = {}, headers = {}, mode = "whole", retries = 2, ...rest } = ask;
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`python ended with ${code}`)));
      this.#waiting.set(id, resolve);
      const line = { id, client, extra, headers, mode, retries, result: TOOL_RESULT, ...rest };
      child.stdin.write(`${JSON.stringify(line)}\n`);
    });
  }

  stop(): void {
    this.#child?.kill("SIGKILL");
  }

  #start(): ReturnType<typeof start> {
    const child = start();
    child.setMaxListeners(0);
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id, ...outcome } = JSON.parse(line);
      this.#waiting.get(id)?.(outcome.kind === "answer" ? { ...NOTHING, ...outcome } : outcome);
      this.#waiting.delete(id);
    });
    return child;
  }
}

function start() {
  const python = pythonClients();
  if (python === null) throw new Error("asked without the Python clients");
  return spawn(python, [path.join(import.meta.dirname, "python", "clients.py")], {
    // This client would send even this to a proxy of the machine's.
    env: { ...process.env, NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
}

const python = new Python();

function inPython(family: Family): Client {
  return {
    name: `${family} in Python`,
    family,
    language: "Python",
    ask: (ask) => python.ask(family, ask),
  };
}

/** All four; those in Python only where it is there. */
export const CLIENTS: readonly Client[] = [
  openaiTypeScript,
  anthropicTypeScript,
  ...(part("python").available ? [inPython("openai"), inPython("anthropic")] : []),
];

export function stopClients(): void {
  python.stop();
}

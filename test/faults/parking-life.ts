/**
 * A gateway's scripted life with a pause in it. Its clients are as the official ones: told to come
 * again they come, with the same request, and some hang up at the worst moment and come back.
 */
import { EventEmitter } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { pause } from "../../src/compose/clutches.ts";
import { decideReview } from "../../src/compose/deciding.ts";
import { drain } from "../../src/compose/stop.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import type { Call, Incoming } from "../../src/gateway/call.ts";
import { handle } from "../../src/gateway/handle.ts";
import { readCall } from "../../src/gateway/read.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import { taskNameOf } from "../../src/gateway/task-name.ts";
import { readDispatch } from "../../src/gateway/tools/dispatcher.ts";
import { isDenial } from "../../src/guards/verdict.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Provider } from "../../src/ports/provider.ts";
import type { ToolServer } from "../../src/ports/tool-server.ts";
import { valid } from "../unit/config/folder.ts";
import type { Outage } from "./failing-store.ts";
import { Life, type Parts } from "./life.ts";

export const AGENT = "a";
export const KEY_ID = "key_a";
const MODEL = "m-1";
/** As long as a client goes on asking. */
const ATTEMPTS_MAX = 40;
/** What a call takes, at the model and at the tool server. */
const RUNS_MS = 700;
export const COME_AGAIN: ReadonlySet<number> = new Set([429, 502, 503]);
const COME_AGAIN_MS = 1_000;

export type Kind = "model" | "read" | "write" | "named";

export interface Asked {
  readonly no: number;
  readonly kind: Kind;
  /** It names no task: it is of that which its key shares for the day. */
  readonly isUnnamed?: boolean;
}

export interface Leaves {
  readonly afterMs: number;
  readonly backAfterMs: number | null;
}

export function folder(): Configuration {
  const tool = (name: string, read_only: boolean) => ({ tool_name: name, read_only });
  const price = { input: 1, output: 10, context_window: 32_000, max_output: 4_096 };
  const provider = { kind: "openai", base_url: "http://127.0.0.1:9", prices_of: "local" };
  return valid({
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      encryption_key: "ab".repeat(32),
      providers: { desk: { ...provider, api_key: "sk-not-used-0123456789" } },
      tool_servers: {
        desk: {
          ...{ kind: "mcp", url: "http://127.0.0.1:9/mcp" },
          tools: { look: { effect: "read" }, save: { effect: "write" } },
        },
      },
      budgets: [{ name: "all", agent: AGENT, limit_usd: 100, window: "lifetime" }],
      parking: { hold_for: "20s" },
    }),
    "prices.yaml": JSON.stringify({ local: { [MODEL]: price } }),
    [`agents/${AGENT}.json`]: JSON.stringify({
      ...{ version: 1, agent: AGENT, models: [MODEL] },
      allowed_tools: [tool("look", true), tool("save", false)],
    }),
  });
}

/** The model and the tool server: what was written to them, and when. */
export class FarEnd {
  /** Numbers of the calls, each as often as it was written. */
  readonly written: number[] = [];
  readonly #clock: Clock;
  readonly #onWrite: (no: number) => void;

  constructor(clock: Clock, onWrite: (no: number) => void = () => {}) {
    this.#clock = clock;
    this.#onWrite = onWrite;
  }

  #write(no: number): void {
    this.written.push(no);
    this.#onWrite(no);
  }

  readonly server: ToolServer = {
    name: "desk",
    call: ({ arguments: given }, run) => {
      this.#clock.after(5, () => {
        if (!run.mayWrite()) {
          return run.end({ kind: "fault", fault: { kind: "held", written: false, message: "" } });
        }
        this.#write(Number(given.no));
        const content = [{ type: "text", text: `done ${given.no}` }];
        const result = { content, structuredContent: undefined, isError: false, bytes: 10 };
        this.#clock.after(RUNS_MS, () => run.end({ kind: "result", result }));
      });
      return { abort: () => {} };
    },
    list: async () => [],
    close: async () => {},
  };

  provider(rules: Provider["rules"]): Provider {
    return {
      rules,
      send: (request, sink) => {
        const { user } = JSON.parse(Buffer.from(request.body).toString());
        this.#clock.after(5, () => {
          if (!sink.mayWrite()) return sink.fail({ kind: "held", written: false, message: "" });
          this.#write(Number(user));
          this.#clock.after(RUNS_MS, () => answer(sink, user));
        });
        return { pause: () => {}, resume: () => {}, abort: () => {} };
      },
      close: async () => {},
    };
  }
}

function answer(sink: Parameters<Provider["send"]>[1], user: string): void {
  sink.head(200, { "content-type": "application/json" });
  const usage = { prompt_tokens: 5, completion_tokens: 5 };
  const choices = [{ message: { content: `done ${user}` } }];
  sink.data(Buffer.from(JSON.stringify({ choices, usage })));
  sink.end();
}

/** The parts of a response that the path of a call uses, without a socket behind them. */
export class Client extends EventEmitter {
  status = 0;
  text = "";
  destroyed = false;
  headersSent = false;
  writableFinished = false;
  /** It was answered, or has left. */
  readonly over = new Promise<void>((resolve) => this.once("close", resolve));

  setHeaders(): this {
    return this;
  }

  writeHead(status: number): this {
    if (this.headersSent) throw new Error("it was answered twice");
    this.status = status;
    this.headersSent = true;
    return this;
  }

  flushHeaders(): void {}

  write(): boolean {
    throw new Error("no stream was asked for");
  }

  end(text: string | Uint8Array): this {
    if (this.destroyed) return this;
    this.text = Buffer.from(text).toString();
    this.writableFinished = true;
    this.destroyed = true;
    this.emit("close");
    return this;
  }

  leave(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit("close");
  }
}

export class ParkingLife extends Life {
  readonly farEnd = new FarEnd(this.clock);
  readonly #folder = folder();
  #decisions = 0;

  constructor(outage: Outage) {
    super(outage);
    const holder = { kind: "agent", agent: AGENT } as const;
    const ages = { createdAt: 0, expiresAt: null, revokedAt: null };
    this.data.keys.set(KEY_ID, { id: KEY_ID, hash: "00", holder, ...ages });
  }

  protected folder(): Configuration {
    return this.#folder;
  }

  protected rulesetOf(configuration: Configuration): Ruleset {
    const providers = configuration.providers.map((settings) => {
      return [settings, this.farEnd.provider(settings.rules)] as const;
    });
    return new Ruleset(configuration, providers, [this.farEnd.server]);
  }

  /**
   * Asks until it is answered for good; hangs up once after `afterMs`, and comes back `backAfterMs`
   * later or never. Answers its status and what it was told.
   */
  async ask(
    parts: Parts,
    asked: Asked,
    leaves: Leaves | null = null,
  ): Promise<{ status: number; text: string } | "left"> {
    if (leaves !== null) {
      const answer = await this.#askOn(parts, asked, leaves.afterMs);
      if (answer !== "left") return answer;
      if (leaves.backAfterMs === null) return "left";
      await this.sleep(leaves.backAfterMs);
    }
    return this.#askOn(parts, asked, Number.POSITIVE_INFINITY);
  }

  /** Until it is answered for good, or hangs up while it waits. */
  async #askOn(parts: Parts, asked: Asked, leavesAfterMs: number) {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      // As its listener does.
      if (parts.gateway.closedBecause !== null) {
        await this.sleep(COME_AGAIN_MS);
        continue;
      }
      const client = new Client();
      const stay = this.clock.after(leavesAfterMs, () => client.leave());
      await handle(this.callOf(parts, asked, client), parts.gateway);
      // What is held goes on by itself.
      await client.over;
      stay();
      if (client.status === 0) return "left";
      if (!COME_AGAIN.has(client.status)) return client;
      await this.sleep(COME_AGAIN_MS);
    }
    throw new Error(`call ${asked.no} was never answered`);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }

  /** The operator asks until it is done. */
  async pauseAgent({ gateway }: Parts): Promise<void> {
    for (;;) {
      const paused = await pause([AGENT], "test", "operator", gateway);
      if (paused.kind === "ok" && paused.unstored.length === 0) return;
      await this.sleep(COME_AGAIN_MS);
    }
  }

  async resumeAgent({ gateway }: Parts): Promise<void> {
    for (;;) {
      const [review] = [...this.data.reviews.values()].filter(({ kind }) => kind === "pause");
      if (review === undefined) throw new Error("it was never paused");
      if (review.state === "closed") return;
      const { id, version } = review;
      const asked = { review: id, version, decision: "resume" as const, reason: "test" };
      const rest = { task: null, call: null, message: null, limit: null, arguments: null };
      await decideReview({ ...asked, ...rest }, "operator", gateway).catch(() => null);
      await this.sleep(COME_AGAIN_MS);
    }
  }

  stop({ gateway, upkeep }: Parts): Promise<void> {
    return drain(gateway, createServer(), upkeep);
  }

  callOf(parts: Parts, asked: Asked, client: Client): Call {
    const call = readAs(asked, this.#incoming(parts, asked, client));
    if (isDenial(call)) throw new Error(`a bad request: ${call.code}`);
    return call;
  }

  #incoming({ gateway }: Parts, { isUnnamed, no }: Asked, client: Client): Incoming {
    this.#decisions += 1;
    const decision = `d-${no}-${this.#decisions}`;
    const { rules } = gateway;
    const manifest = rules.manifest(AGENT);
    const key = this.data.keys.get(KEY_ID);
    if (manifest === null || key === undefined) throw new Error("the agent has a key");
    const named = isUnnamed ? null : `t${no % 2}`;
    const taskName = taskNameOf(key, {}, named, gateway.holding.storeNow());
    if (isDenial(taskName)) throw new Error("the task has a good name");
    return {
      // See the class: nothing else of a response is used.
      response: client as unknown as ServerResponse,
      headers: {},
      ...{ key, manifest, rules, tenure: gateway.holding.tenure, decision, call: decision },
      taskName,
      receivedAt: this.clock.monotonic(),
    };
  }
}

export function readAs({ kind, no }: Asked, incoming: Incoming) {
  if (kind === "model") {
    const messages = [{ role: "user", content: `question ${no}` }];
    const text = JSON.stringify({ model: MODEL, max_tokens: 16, user: String(no), messages });
    return readCall("openai-chat", { bytes: Buffer.from(text), text }, incoming);
  }
  const named = kind === "named" ? { call_id: `ticket-${no}` } : {};
  const text = JSON.stringify({ arguments: { no }, ...named });
  const body = { bytes: Buffer.from(text), text };
  return readDispatch(kind === "read" ? "look" : "save", body, incoming);
}

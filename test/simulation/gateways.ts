/** Real gateways without their listeners, each in a process that can stop, die and come back. */
import { EventEmitter } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { Core } from "../../src/compose/core.ts";
import type { Providers } from "../../src/compose/providers.ts";
import { applyLimits, Reload } from "../../src/compose/reload.ts";
import { drain } from "../../src/compose/stop.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import type { Incoming } from "../../src/gateway/call.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { handle } from "../../src/gateway/handle.ts";
import { Seal } from "../../src/gateway/parking/seal.ts";
import { readCall } from "../../src/gateway/read.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import { Upkeep } from "../../src/gateway/upkeep.ts";
import { isDenial } from "../../src/guards/verdict.ts";
import type { Store } from "../../src/ports/store.ts";
import type { Fields } from "../../src/telemetry/log.ts";
import { guardrailsOf } from "../support/guardrails.ts";
import { Road } from "./faulty-store.ts";
import { MODEL } from "./folder.ts";
import { type Shares, type Truth, upstream } from "./upstream.ts";
import { Process, type World } from "./world.ts";

export interface GatewaySettings {
  readonly world: World;
  readonly store: Store;
  readonly calls: Map<string, Truth>;
  readonly shares: Shares;
  /** The folder on the disks of all gateways, as it is now. */
  readonly folder: () => Configuration;
  readonly afterCommit: () => void;
  readonly onWrite: (call: Truth) => void;
  readonly onBilled: (call: Truth) => void;
  /** Every line of the log, for what nobody else is told. */
  readonly onLog: (process: Process, message: string, fields: Fields) => void;
}

export interface Ask {
  readonly id: string;
  readonly agent: string;
  readonly task: string;
  readonly cap: number;
  readonly stream: boolean;
  /** Of the one message; a short sentence when left out. */
  readonly text?: string;
}

export interface Answered {
  readonly status: number;
  readonly code: string | null;
}

export class SimulatedGateway {
  readonly process: Process;
  readonly road: Road;
  readonly core: Core;
  /** Clients that wait for an answer. */
  readonly waiting = new Set<string>();
  started = false;
  stopped = false;
  readonly #settings: GatewaySettings;
  readonly #upkeep: Upkeep;
  readonly #reload: Reload;

  constructor(settings: GatewaySettings) {
    const { store, world } = settings;
    this.#settings = settings;
    this.process = new Process(world);
    this.road = new Road(world, this.process, store, settings.afterCommit);
    const log = (message: string, fields: Fields = {}) => {
      settings.onLog(this.process, message, fields);
    };
    const rulesetOf = (configuration: Configuration) => this.#rulesetOf(configuration);
    this.core = new Core({
      store: this.road.store,
      clock: this.process.clock,
      chance: world.chance(),
      log: { debug: log, info: log, warn: log, error: log },
      rules: rulesetOf(settings.folder()),
      journalKey: new Uint8Array(32),
      seal: new Seal("00".repeat(32), world.chance()),
      describe: { host: "sim", pid: 1, pidStart: "1", keyId: "key" },
      version: "0.0.0",
    });
    // Only these two methods are used, and the adapters behind them are the simulation's.
    const providers = { rulesetOf, closeRetired: async () => {} } as unknown as Providers;
    this.#reload = new Reload({
      gateway: this.gateway,
      providers,
      guardrails: guardrailsOf(settings.folder),
    });
    this.#upkeep = new Upkeep(this.gateway);
  }

  get gateway(): Gateway {
    return this.core.gateway;
  }

  get takesCalls(): boolean {
    return this.answersOperators && this.gateway.closedBecause === null;
  }

  get answersOperators(): boolean {
    return this.started && this.process.state === "runs" && !this.gateway.draining;
  }

  /** As the executable does; a start that fails ends the process, and somebody starts another. */
  async start(): Promise<void> {
    await this.core.start((digest) => this.#reload.follow(digest));
    await applyLimits(this.gateway);
    this.#upkeep.start();
    this.started = true;
  }

  async stop(): Promise<void> {
    await drain(this.gateway, createServer(), this.#upkeep);
    this.stopped = true;
    this.process.kill();
  }

  reload(): Promise<unknown> {
    return this.#reload.ask("operator");
  }

  /** One request of a client, from its arrival to the last byte of its answer. */
  async ask(asked: Ask, leavesAfterMs: number | null): Promise<Answered> {
    const { world } = this.#settings;
    const client = new Client();
    const incoming = this.#incoming(asked, client);
    const { agent: _agent, cap, id, stream } = asked;
    const messages = [{ role: "user", content: asked.text ?? "Say something short." }];
    const fields = { model: MODEL, max_completion_tokens: cap, user: id, stream, messages };
    const text = JSON.stringify(fields);
    const call = readCall("openai-chat", { bytes: Buffer.from(text), text }, incoming);
    if (isDenial(call)) throw new Error(`the simulation wrote a bad request: ${call.code}`);
    if (leavesAfterMs !== null) {
      world.after(leavesAfterMs, () => this.process.deliver(() => client.leave()));
    }
    world.tell("asked", incoming.tenure.id, asked);
    this.waiting.add(id);
    await handle(call, this.gateway);
    this.waiting.delete(id);
    return { status: client.status, code: client.code };
  }

  #incoming(asked: Ask, client: Client): Incoming {
    const { rules } = this.gateway;
    const manifest = rules.manifest(asked.agent);
    if (manifest === null) throw new Error(`no agent ${asked.agent}`);
    return {
      // The parts of a response that the path of a call uses, without a socket behind them.
      response: client as unknown as ServerResponse,
      headers: {},
      key: {
        id: `key_${asked.agent}`,
        hash: "",
        holder: { kind: "agent", agent: asked.agent },
        createdAt: 0,
        expiresAt: null,
        revokedAt: null,
      },
      manifest,
      rules,
      tenure: this.gateway.holding.tenure,
      decision: asked.id,
      call: asked.id,
      taskName: { id: asked.task, how: "named" },
      receivedAt: this.process.clock.monotonic(),
    };
  }

  #rulesetOf(configuration: Configuration): Ruleset {
    const { calls, onBilled, onWrite, shares, world } = this.#settings;
    const pairs = configuration.providers.map((provider) => {
      const gateway = () => this.gateway;
      const told = { calls, onBilled, onWrite, shares };
      const known = { world, process: this.process, gateway, ...told };
      return [provider, upstream(known, provider.rules)] as const;
    });
    return new Ruleset(configuration, pairs);
  }
}

/** What a client sees of its answer. */
class Client extends EventEmitter {
  status = 0;
  code: string | null = null;
  destroyed = false;
  headersSent = false;
  writableFinished = false;
  readonly #headers = new Map<string, unknown>();

  writeHead(status: number, headers: Readonly<Record<string, unknown>>): this {
    this.status = status;
    this.headersSent = true;
    const named = this.#headers.get("x-slipclutch-decision");
    const decision = String(headers["x-slipclutch-decision"] ?? named ?? "");
    this.code = /code=(\S+)/.exec(decision)?.[1] ?? null;
    return this;
  }

  setHeaders(headers: ReadonlyMap<string, unknown>): this {
    for (const [name, value] of headers) this.#headers.set(name, value);
    return this;
  }

  flushHeaders(): void {}

  write(): boolean {
    return !this.destroyed;
  }

  end(): this {
    if (this.destroyed) return this;
    this.writableFinished = true;
    this.destroyed = true;
    this.emit("close");
    return this;
  }

  destroy(): this {
    this.leave();
    return this;
  }

  leave(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit("close");
  }
}

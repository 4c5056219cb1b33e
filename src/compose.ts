/** Puts a gateway together from its configuration and adapters, and takes it apart again. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { systemChance, systemClock } from "./adapters/clock/system.ts";
import { type BeginSettings, firstConfiguration, joined } from "./compose/begin.ts";
import { fenceGone, type OpenedStore, openStore } from "./compose/boot.ts";
import { keepBundle, readPast } from "./compose/bundles.ts";
import { Core } from "./compose/core.ts";
import { readPages } from "./compose/dashboard.ts";
import { Records } from "./compose/decision-records.ts";
import { GitGuardrails } from "./compose/git.ts";
import { Watch } from "./compose/git-watch.ts";
import { type GuardrailsSettings, guardrailsOf } from "./compose/guardrails.ts";
import { keyInProcess, LOOPBACK } from "./compose/in-process.ts";
import { type Machine, thisMachine } from "./compose/machine.ts";
import { notifierOperations, notifyingOf } from "./compose/notifiers.ts";
import { makeKey, operationsOf } from "./compose/operations.ts";
import { policyEngines } from "./compose/policy-engines.ts";
import { Providers } from "./compose/providers.ts";
import { applyLimits, Reload } from "./compose/reload.ts";
import { keyIdOf, makeFolder, removeControl, writeControl } from "./compose/secrets.ts";
import type { Guardrails } from "./compose/sourced.ts";
import { drain } from "./compose/stop.ts";
import { processAttributes, tracesOf } from "./compose/traces.ts";
import { boundYoungGeneration } from "./compose/young-generation.ts";
import type { Configuration } from "./config/configuration.ts";
import type { Hook } from "./control/hooks.ts";
import { ReviewLinks } from "./control/links.ts";
import type { Reloaded } from "./control/operations.ts";
import { type ControlListener, listenControl } from "./control/server.ts";
import { agentPlane } from "./gateway/agent-plane.ts";
import { emit, type Gateway } from "./gateway/gateway.ts";
import { hashToken } from "./gateway/keys.ts";
import type { Notifying } from "./gateway/notifying/notifying.ts";
import { Seal } from "./gateway/parking/seal.ts";
import { Watching } from "./gateway/signals/watching.ts";
import { Upkeep } from "./gateway/upkeep.ts";
import { anchorKey } from "./telemetry/anchor.ts";
import type { Log } from "./telemetry/log.ts";

export { ConfigError } from "./compose/boot.ts";

export interface StartSettings extends Omit<GuardrailsSettings, "engines"> {
  /** Of this package. */
  readonly version: string;
  /** Overrides `store` of the configuration. */
  readonly storeUrl: string | null;
  /** Override the listeners' ports; 0 takes any free one. */
  readonly agentPort: number | null;
  readonly controlPort: number | null;
  /**
   * The gateway is part of this agent's own program: it listens on this machine alone, on free
   * ports, has a key for the agent, and leaves the process's memory as the program set it.
   */
  readonly inProcess?: { readonly agent: string };
  readonly log: Log;
}

export interface Running {
  readonly agentUrl: string;
  readonly controlUrl: string;
  /** Of this boot; also in `control.json` of the data folder. */
  readonly operatorToken: string;
  /** The program's own, or made at this start because there was none; shown this once. */
  readonly agentKey: string | null;
  readonly simulated: boolean;
  readonly agents: readonly string[];
  reload(by: string): Promise<Reloaded>;
  /** Drains, settles, gives back and closes. */
  stop(): Promise<void>;
}

const TOKEN_BYTES = 24;

/**
 * Starts one gateway. Rejects with `ConfigError`, or with what kept it from its store or its ports.
 */
export async function startGateway(settings: StartSettings): Promise<Running> {
  const { dataFolder } = settings;
  const engines = policyEngines(systemClock);
  const guardrails = guardrailsOf({ ...settings, engines }, systemClock);
  const begin = { ...settings, clock: systemClock, engines, guardrails };
  await makeFolder(dataFolder);
  const undo: (() => Promise<unknown>)[] = [];
  if (guardrails instanceof GitGuardrails) undo.push(() => guardrails.close());
  try {
    return await startOn(begin, undo);
  } catch (error) {
    for (const step of undo) await step();
    throw error;
  }
}

type Begin = StartSettings & BeginSettings & { readonly guardrails: Guardrails | GitGuardrails };

async function startOn(begin: Begin, undo: Parts["undo"]): Promise<Running> {
  const { clock, guardrails, log } = begin;
  const machine = thisMachine();
  const first = await firstConfiguration(guardrails, begin);
  const opened = await openStore(first.configuration, begin);
  undo.unshift(() => opened.store.close());
  await fenceGone(opened, machine);
  const sound = await joined(opened.store, first, begin);
  const { configuration } = sound;
  const { configFolder, environment } = begin;
  // From Git there is no folder on this disk.
  const folder = configFolder ?? ".";
  const providers = new Providers({ clock, log, environment, folder });
  undo.unshift(() => providers.close());
  const journalKey = anchorKey(opened.key);
  const tracing = tracesOf({
    ...{ clock, environment, log, chance: systemChance, version: begin.version, machine },
    storeId: keyIdOf(opened.key),
    gateway: () => core.gateway,
  });
  const records = recordsOf(begin, machine);
  records.follow(configuration.decisionLog);
  undo.unshift(() => records.close());
  const core: Core = new Core({
    store: opened.store,
    clock,
    chance: systemChance,
    log,
    rules: providers.rulesetOf(configuration),
    journalKey,
    seal: new Seal(opened.key, systemChance),
    describe: { ...machine, keyId: keyIdOf(opened.key) },
    version: begin.version,
    traces: tracing?.traces ?? null,
    readPast: (bundle) => readPast(bundle, opened.store, begin),
    records,
  });
  const reload = new Reload({ gateway: core.gateway, providers, guardrails });
  await core.start((digest) => reload.follow(digest));
  if (tracing !== null) undo.unshift(() => tracing.close());
  undo.unshift(() => core.stop());
  await keepBundle(opened.store, sound, guardrails.source);
  const watch = watchOf(begin, core.gateway, reload);
  const parts = { configuration, core, reload, machine, journalKey, undo, watch };
  return listen({ ...parts, settings: begin, opened });
}

function recordsOf({ clock, log, version }: Begin, machine: Machine): Records {
  const id = `${machine.host} ${machine.pid}`;
  const resource = processAttributes(machine, version);
  return new Records({ clock, log, resource, labels: { id, version } });
}

function watchOf({ git, guardrails }: Begin, gateway: Gateway, reload: Reload): Watch | null {
  if (git === null || !(guardrails instanceof GitGuardrails)) return null;
  return new Watch({ gateway, reload, guardrails, pollMs: git.pollMs });
}

interface Parts {
  readonly settings: StartSettings;
  readonly configuration: Configuration;
  readonly core: Core;
  readonly reload: Reload;
  readonly machine: Machine;
  readonly journalKey: Uint8Array;
  readonly opened: OpenedStore;
  /** Of a Git remote. */
  readonly watch: Watch | null;
  readonly undo: (() => Promise<unknown>)[];
}

async function listen(parts: Parts): Promise<Running> {
  const { configuration, core, opened, settings, undo } = parts;
  const { inProcess } = settings;
  const { gateway } = core;
  await applyLimits(gateway);
  const agentKey = inProcess
    ? await keyInProcess(inProcess.agent, opened.key, gateway)
    : await firstKey(gateway);

  const { listeners } = configuration;
  const agents = agentPlane(gateway);
  const port = settings.agentPort ?? listeners.agent.port;
  const agentUrl = await accept(agents, inProcess ? LOOPBACK : { ...listeners.agent, port });
  undo.unshift(async () => agents.closeAllConnections());
  const operatorToken = `sco_${gateway.chance.hex(TOKEN_BYTES)}`;
  const { control, notifying } = await listenToOperators(parts, agentUrl, operatorToken);
  await writeControl(settings.dataFolder, control.url, operatorToken);

  const upkeep = new Upkeep(gateway);
  upkeep.start();
  const watching = new Watching(gateway);
  watching.start();
  notifying.start();
  parts.watch?.start();
  emitStarted(gateway, settings.version);
  // From here on the young generation grows with the load: see `main.ts`.
  if (!inProcess) {
    const stopBounding = boundYoungGeneration();
    undo.push(async () => stopBounding());
  }
  return {
    agentUrl,
    controlUrl: control.url,
    operatorToken,
    agentKey,
    simulated: configuration.providers.some(({ kind }) => kind === "simulated"),
    agents: [...configuration.agents.keys()],
    reload: (by) => parts.reload.ask(by),
    async stop() {
      await parts.watch?.stop();
      await notifying.stop();
      await watching.stop();
      await drain(gateway, agents, upkeep);
      await control.close();
      await removeControl(settings.dataFolder);
      for (const step of undo) await step();
    },
  };
}

async function listenToOperators(
  parts: Parts,
  agentUrl: string,
  token: string,
): Promise<{ readonly control: ControlListener; readonly notifying: Notifying }> {
  const { configuration, core, journalKey, machine, opened, reload, settings, watch } = parts;
  const { gateway } = core;
  const { clock, log } = gateway;
  const about = {
    version: settings.version,
    host: gateway.machine.host,
    pid: process.pid,
    startedAt: clock.wall(),
    agentUrl,
    controlUrl: "",
    store: opened.kind,
  };
  const keys = { anchorKey: journalKey, bootToken: hashToken(token) };
  const links = new ReviewLinks(opened.key, clock);
  const notifying = notifyingOf(gateway, links, () => about.controlUrl);
  const state = { about, remote: () => watch?.state ?? null };
  const known = { gateway, reload, machine, ...keys, ...state };
  const operations = { ...operationsOf(known), ...notifierOperations(notifying, gateway) };
  const { host, port } = configuration.listeners.control;
  const listener = await listenControl(
    {
      ...{ operations, clock, log, hook: hookOf(settings, watch), links },
      pages: await readPages(),
    },
    settings.inProcess ? LOOPBACK : { host, port: settings.controlPort ?? port },
  );
  about.controlUrl = listener.url;
  return { control: listener, notifying };
}

function hookOf({ git }: StartSettings, watch: Watch | null): Hook | null {
  const secret = git?.webhookSecret ?? null;
  return secret === null || watch === null ? null : { secret, pushed: () => watch.tell() };
}

function emitStarted(gateway: Gateway, version: string): void {
  const { holding, machine, rules } = gateway;
  const { commit, digest } = rules.configuration;
  emit(gateway, holding.tenure, {
    kind: "gateway.started",
    version,
    configuration: digest,
    commit,
    host: machine.host,
    pid: process.pid,
  });
}

/** The first start makes a key for the first agent, so that there is something to try. */
async function firstKey(gateway: Gateway): Promise<string | null> {
  const { rules, store } = gateway;
  const [agent] = rules.configuration.agents.keys();
  const keys = await store.registry.keys(true);
  if (agent === undefined || keys.some(({ holder }) => holder.kind !== "operator")) return null;
  const { key, secret } = makeKey({ kind: "agent", agent, expiresInMs: null }, gateway);
  await store.registry.createKey(key);
  await gateway.keys.load();
  const event = { kind: "key.created", key: key.id, holder: agent, by: "first start" } as const;
  emit(gateway, gateway.holding.tenure, event);
  return secret;
}

function accept(server: Server, at: { host: string; port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, () => {
      server.off("error", reject);
      // A server that listens on a port has an address of this kind.
      const { address, family, port } = server.address() as AddressInfo;
      resolve(`http://${family === "IPv6" ? `[${address}]` : address}:${port}`);
    });
  });
}

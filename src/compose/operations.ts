/** What the control plane can ask of this gateway. */
import type { Configuration } from "../config/configuration.ts";
import type {
  DecisionRecords,
  InputRow,
  KeyMade,
  KeyWanted,
  Operations,
  Readiness,
  Recorded,
  RemoteState,
  Status,
} from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { hashToken } from "../gateway/keys.ts";
import type { InputQuery, KeyRecord } from "../ports/store.ts";
import { eventOf } from "../telemetry/entry-text.ts";
import { verifyJournal } from "../telemetry/verify.ts";
import { around } from "./around.ts";
import { accountsOf, budgetsOf } from "./budgets.ts";
import { overridesOf, raiseLimit } from "./changes.ts";
import { agentsOf } from "./clutches.ts";
import { commitmentsOf, endByHand } from "./commitments.ts";
import { doorOf } from "./door.ts";
import { forfeitsOf, goneFrom, releaseForfeits } from "./forfeits.ts";
import type { Machine } from "./machine.ts";
import { metricsText } from "./metrics.ts";
import { agentOperations } from "./overview.ts";
import type { Reload } from "./reload.ts";
import { reviewOperations } from "./review-operations.ts";
import { knownSpendingOf } from "./spending.ts";
import { historyOf } from "./spent-history.ts";
import { transcriptOperations } from "./transcripts.ts";

const RECORDS_MAX = 100;
const SECRET_BYTES = 24;
const ID_BYTES = 8;

export interface OperationsSettings {
  readonly gateway: Gateway;
  readonly reload: Reload;
  /** Of Git, where the configuration comes from there. */
  readonly remote: () => RemoteState | null;
  readonly machine: Machine;
  readonly anchorKey: Uint8Array;
  /** Hash of the token of this boot. */
  readonly bootToken: string;
  /** What does not change while it runs. */
  readonly about: Omit<
    Status,
    | "ready"
    | "store"
    | "callsInFlight"
    | "agents"
    | "agentsPaused"
    | "providers"
    | "modelsFlagged"
    | "configuration"
    | "commit"
    | "remote"
    | "pricesFrom"
  > & { readonly store: string };
}

type WithoutNotifiers = Omit<Operations, "notifiers" | "testNotifier">;

export function operationsOf(settings: OperationsSettings): WithoutNotifiers {
  const { gateway } = settings;
  const { store } = gateway;
  const { about, machine } = settings;
  const held = { gateway, isGone: goneFrom(about.store, machine, gateway) };
  const known = knownSpendingOf(gateway);
  const flush = () => gateway.flusher.flush(gateway.holding.tenure);
  return {
    ...doorOf(settings),
    readiness: () => readiness(gateway),
    status: async () => status(settings),
    metrics: () => metrics(settings),
    budgets: () => budgetsOf(gateway, known),
    budgetHistory: (account) => historyOf(account, gateway, known),
    decision: (id) => decision(id, gateway),
    journal: async (query) => {
      await flush();
      return store.journal.read(query);
    },
    around: (span) => around(span, gateway),
    inputs: (query) => inputsOf(query, gateway),
    verifyJournal: async () => {
      await flush();
      return verifyJournal(store.journal, settings.anchorKey);
    },
    reload: (by) => settings.reload.ask(by),
    keys: (all) => store.registry.keys(all),
    createKey: (wanted, by) => createKey(wanted, by, gateway),
    revokeKey: (id, by) => revokeKey(id, by, gateway),
    tasks: (filter) => store.tasks.list(filter),
    endTask: (agent, id, by) => gateway.endTask(agent, id, "failed", by),
    ...agentOperations(gateway, about.startedAt, known),
    ...transcriptOperations(gateway),
    ...reviewOperations(gateway),
    overrides: () => overridesOf(gateway),
    raiseLimit: (asked, by) => raiseLimit(asked, by, gateway),
    forfeits: () => forfeitsOf(held),
    releaseForfeits: (asked, by) => releaseForfeits(held, asked, by),
    commitments: (asked) => commitmentsOf(gateway, asked),
    endCommitment: (id, reason, by) => endByHand(gateway, { id, reason, by }),
    flags: () => store.registry.flags(),
    clearFlag: (flag) => clearFlag(flag, gateway),
  };
}

async function clearFlag(
  { by, model, provider, reason }: Parameters<Operations["clearFlag"]>[0],
  gateway: Gateway,
): Promise<boolean> {
  if (!(await gateway.store.registry.clearFlag(provider, model))) return false;
  await gateway.flags.load();
  const event = { kind: "model.cleared", provider, model, by, reason } as const;
  emit(gateway, gateway.holding.tenure, event);
  return true;
}

async function inputsOf(
  query: InputQuery,
  { inputs, store }: Gateway,
): Promise<readonly InputRow[]> {
  await inputs.write();
  const rows = await store.inputs.read(query);
  return rows.map((input) => {
    const { at, decision, position } = input;
    return { position, at, decision, said: inputs.open(input) };
  });
}

function metrics({ about, gateway, remote }: OperationsSettings): Promise<string> {
  const { ready } = readiness(gateway);
  const known = { version: about.version, ready, remote: remote() };
  return metricsText({ ...known, budgets: () => accountsOf(gateway) }, gateway);
}

function readiness(gateway: Gateway): Readiness {
  if (gateway.draining) return { ready: false, because: "stopping" };
  if (gateway.closedBecause !== null) return { ready: false, because: gateway.closedBecause };
  const refusal = gateway.holding.refusal(gateway.holding.tenure);
  return refusal === null ? { ready: true } : { ready: false, because: refusal.code };
}

function status({ about, gateway, remote }: OperationsSettings): Status {
  const { cashier, flags, holding, inFlight, rules } = gateway;
  const configuration: Configuration = rules.configuration;
  const ready = readiness(gateway);
  return {
    ...about,
    configuration: rules.digest,
    commit: configuration.commit,
    remote: remote(),
    ready,
    store: {
      kind: about.store,
      up: ready.ready,
      heartbeatAgeMs: holding.beatAgeMs,
      gateways: cashier.holders,
    },
    callsInFlight: inFlight.size,
    agents: [...configuration.agents.keys()],
    agentsPaused: pausedOf(gateway),
    providers: configuration.providers.map(({ kind, rules: { name } }) => ({ name, kind })),
    pricesFrom: configuration.prices.tableDate,
    modelsFlagged: flags.count,
  };
}

function pausedOf(gateway: Gateway): readonly string[] {
  const paused = agentsOf(gateway).filter(({ clutch }) => clutch.state !== "engaged");
  return paused.map(({ agent }) => agent);
}

/**
 * What the journal, the chain that waits for the store and the calls in flight know of a decision.
 */
async function decision(id: string, gateway: Gateway): Promise<DecisionRecords | null> {
  const { holding, inFlight, store } = gateway;
  const stored = await store.journal.read({ decision: id, take: "oldest", limit: RECORDS_MAX });
  const records: Recorded[] = stored.map((entry) => {
    const { at, position } = entry;
    return { at, event: eventOf(entry), position };
  });
  for (const tenure of [holding.tenure, ...holding.former]) {
    for (const { at, event } of tenure.journal.about(id)) {
      if (!stored.some((entry) => entry.kind === event.kind)) {
        records.push({ at, event, position: null });
      }
    }
  }
  const flying = inFlight.get(id);
  if (flying !== undefined && !records.some(({ event }) => event.kind === "call.admitted")) {
    records.push({ at: gateway.clock.wall(), event: flying.admitted(), position: null });
  }
  if (records.length === 0) return null;
  return { records, inFlight: flying !== undefined, lostAt: await lostAt(stored, gateway) };
}

/** When the writer of an admitted call that never settled was fenced. */
async function lostAt(
  stored: readonly { readonly writer: string; readonly kind: string }[],
  gateway: Gateway,
): Promise<number | null> {
  const settled = stored.some(({ kind }) => kind === "call.settled");
  const [admitted] = stored.filter(({ kind }) => kind === "call.admitted");
  if (settled || admitted === undefined) return null;
  const holders = await gateway.store.holders.list();
  return holders.find(({ id }) => id === admitted.writer)?.fencedAt ?? null;
}

async function createKey(wanted: KeyWanted, by: string, gateway: Gateway): Promise<KeyMade> {
  const { agents } = gateway.rules.configuration;
  if (wanted.kind === "agent" && !agents.has(wanted.agent)) {
    return { kind: "no-agent", agents: [...agents.keys()] };
  }
  const { secret, key } = makeKey(wanted, gateway);
  await gateway.store.registry.createKey(key);
  const name = wanted.kind === "agent" ? wanted.agent : `${wanted.role} ${wanted.name}`;
  emit(gateway, gateway.holding.tenure, { kind: "key.created", key: key.id, holder: name, by });
  return { kind: "ok", secret, key };
}

export function makeKey(wanted: KeyWanted, { chance, clock }: Pick<Gateway, "chance" | "clock">) {
  const prefix = wanted.kind === "agent" ? "sck" : "sco";
  const secret = `${prefix}_${chance.hex(SECRET_BYTES)}`;
  const now = clock.wall();
  const key: KeyRecord = {
    id: `key_${chance.hex(ID_BYTES)}`,
    hash: hashToken(secret),
    holder:
      wanted.kind === "agent"
        ? { kind: "agent", agent: wanted.agent }
        : { kind: "operator", name: wanted.name, role: wanted.role },
    createdAt: now,
    expiresAt: wanted.expiresInMs === null ? null : now + wanted.expiresInMs,
    revokedAt: null,
  };
  return { secret, key };
}

async function revokeKey(id: string, by: string, gateway: Gateway): Promise<boolean> {
  if (!(await gateway.store.registry.revokeKey(id, gateway.clock.wall()))) return false;
  await gateway.keys.load();
  emit(gateway, gateway.holding.tenure, { kind: "key.revoked", key: id, by });
  return true;
}

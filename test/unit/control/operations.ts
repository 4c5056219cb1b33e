import { createHash, randomBytes } from "node:crypto";
import { systemChance, systemClock } from "../../../src/adapters/clock/system.ts";
import { doorOf } from "../../../src/compose/door.ts";
import type { NotifierState } from "../../../src/control/notifier-operations.ts";
import type {
  AgentState,
  BudgetHistory,
  BudgetState,
  CommitmentAsked,
  CommitmentOutcome,
  CommitmentRow,
  DecisionAsked,
  DecisionOutcome,
  DecisionRecords,
  Exported,
  ForfeitState,
  Forfeits,
  InputRow,
  KeyWanted,
  NoteAsked,
  Operations,
  Paused,
  PlacedEntry,
  ProposalState,
  RaiseAsked,
  RaiseOutcome,
  ReleaseAsked,
  ReleaseOutcome,
  Reloaded,
  RemoteState,
  TranscriptAsked,
} from "../../../src/control/operations.ts";
import type {
  AccountName,
  ManifestState,
  OverviewState,
} from "../../../src/control/overview-state.ts";
import { Seal } from "../../../src/gateway/parking/seal.ts";
import { DEFAULT_RULES } from "../../../src/guards/breaker/rules.ts";
import type { AgentSignals } from "../../../src/guards/breaker/standing.ts";
import { aboutText } from "../../../src/guards/clutch/about.ts";
import type { Commitment } from "../../../src/guards/commitment/commitment.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Delivery } from "../../../src/ports/notifier.ts";
import type {
  KeyRecord,
  ModelFlag,
  Override,
  Parked,
  Release,
  Review,
  TaskRecord,
  TaskRef,
} from "../../../src/ports/store.ts";
import { eventOf } from "../../../src/telemetry/entry-text.ts";
import { Metrics } from "../../../src/telemetry/metrics.ts";
import { verifyJournal } from "../../../src/telemetry/verify.ts";
import { KEY, type Rows, storeOf, written } from "../telemetry/rows.ts";

const DAY_25 = Date.UTC(2026, 0, 25);

export const BUDGET: BudgetState = {
  budget: "support-monthly",
  scope: "support",
  perTask: false,
  unit: "usd",
  window: "month",
  starts: Date.UTC(2026, 0, 1),
  ends: Date.UTC(2026, 1, 1),
  forecast: { kind: "reckoned", spent: 625_000_000_000n, passesAt: DAY_25, by: "last-day" },
  limit: 500_000_000_000n,
  spent: 12_500_000_000n,
  reserved: 1_000_000n,
  leased: 2_000_000n,
  forfeited: 0n,
  committed: 0n,
  remaining: 487_499_000_000n,
};

export const TOKENS = {
  viewer: "sco_viewer",
  operator: "sco_operator",
  admin: "sco_admin",
} as const;

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** A gateway without agents' traffic: everything an operator can do to it, in memory. */
export class MemoryOperations implements Operations {
  readonly clock: Clock;
  readonly rows: Rows;
  readonly #seal = new Seal("11".repeat(32), systemChance);
  readonly done: string[] = [];
  readonly proposals = new Map<string, ProposalState>();
  readonly takesTwo: string[] = [];
  readonly overrideRows: Override[] = [];
  readonly inputRows: (InputRow & { readonly agent: string })[] = [];
  readonly keyRecords: KeyRecord[] = [];
  readonly taskRecords: TaskRecord[] = [];
  readonly transcriptEntries: PlacedEntry[] = [];
  readonly modelFlags: ModelFlag[] = [];
  readonly budgetStates: BudgetState[] = [BUDGET];
  readonly forfeitStates: ForfeitState[] = [];
  readonly releases: Release[] = [];
  readonly reviewRows: Review[] = [];
  readonly parkedRows: Parked[] = [];
  readonly commitmentRows: CommitmentRow[] = [];
  readonly notifierStates: NotifierState[] = [];
  delivery: Delivery = { kind: "ok", said: "status 200: ok" };
  /** The store takes no trip. */
  unstored = false;
  authenticated = 0;
  notReady: string | null = null;
  remote: RemoteState | null = null;
  reloaded: Reloaded = { kind: "unchanged", configuration: "dir:1" };
  failure: Error | null = null;

  constructor(clock: Clock = systemClock, rows: Rows = written()) {
    this.clock = clock;
    this.rows = rows;
    for (const role of ["viewer", "operator", "admin"] as const) {
      const holder = { kind: "operator" as const, name: `the-${role}`, role };
      this.keyRecords.push(this.#record(`key_${role}`, TOKENS[role], holder, null));
    }
  }

  #record(
    id: string,
    secret: string,
    holder: KeyRecord["holder"],
    expiresInMs: number | null,
  ): KeyRecord {
    const createdAt = this.clock.wall();
    const expiresAt = expiresInMs === null ? null : createdAt + expiresInMs;
    return { id, hash: sha256(secret), holder, createdAt, expiresAt, revokedAt: null };
  }

  authenticate(token: string) {
    this.authenticated += 1;
    return this.#door().authenticate(token);
  }

  signIn(token: string) {
    this.authenticated += 1;
    return this.#door().signIn(token);
  }

  session(cookie: string) {
    return this.#door().session(cookie);
  }

  #door() {
    const keys = { withHash: (digest: string) => this.#keyWith(digest) };
    return doorOf({ bootToken: "", gateway: { clock: this.clock, seal: this.#seal, keys } });
  }

  #keyWith(digest: string): KeyRecord | null {
    if (this.failure) throw this.failure;
    const now = this.clock.wall();
    const found = this.keyRecords.find(
      ({ expiresAt, hash, revokedAt }) =>
        hash === digest && revokedAt === null && (expiresAt ?? now + 1) > now,
    );
    return found ?? null;
  }

  readiness() {
    return this.notReady === null
      ? ({ ready: true } as const)
      : ({ ready: false, because: this.notReady } as const);
  }

  async status() {
    return {
      version: "0.1.0",
      configuration: "dir:1",
      commit: this.remote === null ? null : "1".repeat(40),
      remote: this.remote,
      host: "box",
      pid: 42,
      startedAt: Date.UTC(2026, 0, 1),
      agentUrl: "http://127.0.0.1:4141",
      controlUrl: "http://127.0.0.1:4142",
      ready: this.readiness(),
      store: { kind: "memory", up: true, heartbeatAgeMs: 12.4, gateways: 1 },
      callsInFlight: 0,
      agents: ["support"],
      agentsPaused: this.agents().flatMap(({ agent, clutch }) =>
        clutch.state === "engaged" ? [] : [agent],
      ),
      providers: [{ name: "openai", kind: "openai" }],
      pricesFrom: "2026-01-01",
      modelsFlagged: this.modelFlags.length,
    };
  }

  async metrics() {
    return new Metrics().render({
      version: "0.1.0",
      configuration: "dir:1",
      callsInFlight: 0,
      storeUp: true,
      heartbeatAgeMs: 0,
      journalWaiting: 0,
      decisionLog: null,
      modelsFlagged: 0,
      remote: null,
      agents: [],
      reviews: [],
      commitments: [],
      notices: [],
      budgets: [BUDGET],
    });
  }

  async budgets() {
    return this.budgetStates;
  }

  async budgetHistory({ budget, scope }: AccountName): Promise<BudgetHistory | null> {
    const state = this.budgetStates.find((one) => one.budget === budget && one.scope === scope);
    if (state === undefined) return null;
    const [starts, ends] = [Date.UTC(2025, 11, 1), Date.UTC(2026, 0, 1)];
    return {
      ...{ state, onExhausted: "park", barMs: 86_400_000, unplaced: 500_000_000n },
      bars: [{ at: Date.UTC(2026, 0, 2), spent: 12_000_000_000n }],
      before: [{ starts, ends, limit: 400_000_000_000n, spent: 31_000_000_000n }],
    };
  }

  async decision(id: string): Promise<DecisionRecords | null> {
    const entries = await this.#journal().read({ decision: id, take: "oldest", limit: 10 });
    const records = entries.map((entry) => ({
      at: entry.at,
      position: entry.position,
      event: eventOf(entry),
    }));
    return records.length === 0 ? null : { records, inFlight: false, lostAt: null };
  }

  #journal() {
    const pages = storeOf(this.rows);
    return {
      ...pages,
      read: async (query: Parameters<typeof pages.read>[0]) => {
        const all = await pages.read({ ...query, take: "oldest", limit: 1e9 });
        const found = all.filter(
          (entry) =>
            (query.agent === undefined || entry.agent === query.agent) &&
            (query.task === undefined || entry.task === query.task) &&
            (query.code === undefined || entry.code === query.code) &&
            (query.kind === undefined || entry.kind === query.kind) &&
            (query.decision === undefined || entry.decision === query.decision) &&
            entry.at >= (query.from ?? 0) &&
            entry.at <= (query.to ?? 1e15),
        );
        return query.take === "oldest" ? found.slice(0, query.limit) : found.slice(-query.limit);
      },
    };
  }

  async journal(query: Parameters<Operations["journal"]>[0]) {
    return this.#journal().read(query);
  }

  async inputs({ after, agent, from, limit }: Parameters<Operations["inputs"]>[0]) {
    const rows = this.inputRows.filter((row) => {
      return row.agent === agent && row.at >= from && row.position > after;
    });
    return rows.slice(0, limit);
  }

  async around({ take = "newest", ...span }: Parameters<Operations["around"]>[0]) {
    const { limit } = span;
    const entries = await this.journal({ ...span, take });
    return { entries, whole: entries.length < limit };
  }

  expiry({ kind, openedAt }: Review) {
    return kind === "approval" ? openedAt + 3_600_000 : null;
  }

  async verifyJournal() {
    return verifyJournal(storeOf(this.rows), KEY);
  }

  async reload(by: string) {
    this.done.push(`reload by ${by}`);
    return this.reloaded;
  }

  async keys(all: boolean) {
    return this.keyRecords.filter((key) => all || key.revokedAt === null);
  }

  async createKey(wanted: KeyWanted, by: string) {
    if (wanted.kind === "agent" && wanted.agent !== "support") {
      return { kind: "no-agent" as const, agents: ["support"] };
    }
    const secret = `${wanted.kind === "agent" ? "sck" : "sco"}_${randomBytes(16).toString("hex")}`;
    const holder =
      wanted.kind === "agent"
        ? { kind: "agent" as const, agent: wanted.agent }
        : { kind: "operator" as const, name: wanted.name, role: wanted.role };
    const id = `key_${this.keyRecords.length}`;
    const key = this.#record(id, secret, holder, wanted.expiresInMs);
    this.keyRecords.push(key);
    this.done.push(`create ${id} by ${by}`);
    return { kind: "ok" as const, secret, key };
  }

  async revokeKey(id: string, by: string) {
    const index = this.keyRecords.findIndex((key) => key.id === id && key.revokedAt === null);
    const key = this.keyRecords[index];
    if (!key) return false;
    this.keyRecords[index] = { ...key, revokedAt: this.clock.wall() };
    this.done.push(`revoke ${id} by ${by}`);
    return true;
  }

  async tasks(filter: Parameters<Operations["tasks"]>[0]) {
    return this.taskRecords
      .filter((task) => filter.agent === undefined || task.agent === filter.agent)
      .filter((task) => filter.alive === undefined || (task.endedAt === null) === filter.alive)
      .slice(0, filter.limit);
  }

  async endTask(agent: string, id: string, by: string) {
    const index = this.taskRecords.findIndex(
      (task) => task.agent === agent && task.id === id && task.endedAt === null,
    );
    const task = this.taskRecords[index];
    if (!task) return false;
    this.taskRecords[index] = { ...task, endedAt: this.clock.wall(), outcome: "failed" };
    this.done.push(`end ${agent} ${id} by ${by}`);
    return true;
  }

  async transcript({ after, agent, id, limit }: TranscriptAsked, by: string) {
    const isThere = this.taskRecords.some((task) => task.agent === agent && task.id === id);
    if (!isThere) return null;
    this.done.push(`read ${agent} ${id} by ${by}`);
    const left = this.transcriptEntries.filter(({ position }) => position > after);
    const entries = left.slice(0, limit);
    const more = entries.length < left.length;
    return { keeps: true, dropped: 0, erasedAt: null, entries, more };
  }

  async eraseTranscript({ agent, id }: TaskRef, reason: string, by: string) {
    const isThere = this.taskRecords.some((task) => task.agent === agent && task.id === id);
    if (!isThere) return null;
    this.done.push(`erase ${agent} ${id} by ${by}: ${reason}`);
    return this.transcriptEntries.splice(0).length;
  }

  async overview(): Promise<OverviewState> {
    return { gateways: 1, since: 0, today: 0, barMs: 120_000, agents: [] };
  }

  manifest(agent: string): ManifestState | null {
    if (agent !== "support") return null;
    const labels = { team: "care", owner: "alice", org: null };
    const nothing = { models: null, tools: [], blacklisted: [], budgets: [] };
    return { agent, ...labels, observedUntil: null, ...nothing };
  }

  signals(agent: string): AgentSignals | null {
    if (agent !== "support") return null;
    const level = {
      ...{ rule: "tool-surge", server: "desk", tool: "echo", value: 12, line: 50, usual: 10 },
      ...{ phase: "rising" as const, since: this.clock.wall(), bucketMs: 60_000 },
      buckets: [{ start: this.clock.wall() - 60_000, value: 10 }],
    };
    return {
      at: this.clock.wall(),
      breakers: DEFAULT_RULES,
      levels: [level],
      repeats: [],
      tasks: [],
    };
  }

  agents(): readonly AgentState[] {
    const open = this.reviewRows.find(({ state }) => state === "open");
    if (!open) return [{ agent: "support", clutch: { state: "engaged" }, held: 0 }];
    const { id: review, openedAt: since } = open;
    return [{ agent: "support", clutch: { state: "disengaged", review, since }, held: 2 }];
  }

  async pause(agents: readonly string[] | null, reason: string, by: string): Promise<Paused> {
    const unknown = agents?.find((agent) => agent !== "support");
    if (unknown !== undefined) return { kind: "no-agent", unknown, agents: ["support"] };
    this.reviewRows.push(review(`r-${this.reviewRows.length}`, { kind: "pause", reason }));
    this.done.push(`pause ${agents?.join(" ") ?? "all"} by ${by}: ${reason}`);
    return { kind: "ok", agents: this.agents(), unstored: this.unstored ? ["support"] : [] };
  }

  async reviews(filter: Parameters<Operations["reviews"]>[0]) {
    return this.reviewRows
      .filter(({ id }) => filter.id === undefined || id === filter.id)
      .filter(({ kind }) => filter.kind === undefined || kind === filter.kind)
      .filter(({ state }) => filter.state === undefined || state === filter.state)
      .filter(({ agent }) => filter.agent === undefined || agent === filter.agent)
      .slice(0, filter.limit);
  }

  async parked(filter: Parameters<Operations["parked"]>[0]) {
    return this.parkedRows
      .filter(({ review, state }) => {
        return review === filter.review && (filter.states ?? [state]).includes(state);
      })
      .slice(0, filter.limit);
  }

  async decideReview(asked: DecisionAsked, by: string): Promise<DecisionOutcome> {
    const { call, decision, message, reason, task, version } = asked;
    const index = this.reviewRows.findIndex(({ id }) => id === asked.review);
    const found = this.reviewRows[index];
    if (!found) return { kind: "no-review" };
    if (found.state === "closed") return { kind: "nothing", because: "it is closed" };
    if (found.version !== version) return { kind: "conflict", version: found.version };
    const known = this.taskRecords.some(({ id }) => id === task);
    if (task !== null && !known) return { kind: "no-task", agent: found.agent };
    const at = Date.UTC(2026, 0, 3);
    const decided = { decision, by, reason, at, task, call, message, proposal: null };
    const after: Review = {
      ...found,
      version: version + 1,
      state: decision === "resume" ? "closed" : "open",
      decisions: [...found.decisions, decided],
    };
    this.reviewRows[index] = after;
    this.done.push(`${decision} ${found.id} by ${by}: ${reason}`);
    return { kind: "ok", review: after };
  }

  exportedIncident({ calls, incident, inputs }: Exported, by: string) {
    this.done.push(`export ${incident} of ${calls} calls and ${inputs} inputs by ${by}`);
  }

  async parkedArguments(review: string, call: string, by: string) {
    const row = this.parkedRows.find((each) => each.review === review && each.call === call);
    if (row === undefined) return null;
    this.done.push(`look at ${call} by ${by}`);
    return { call, task: row.task, server: "desk", tool: "echo", arguments: { amount: 900 } };
  }

  proposal(review: Review): ProposalState | null {
    return this.proposals.get(review.id) ?? null;
  }

  twoPeople(): readonly string[] {
    return this.takesTwo;
  }

  async overrides(): Promise<readonly Override[]> {
    return this.overrideRows;
  }

  async raiseLimit(asked: RaiseAsked, by: string): Promise<RaiseOutcome> {
    const { budget, limit, reason, scope } = asked;
    if (budget !== "support-monthly") return { kind: "no-budget", budgets: ["support-monthly"] };
    if (limit === "1") return { kind: "nothing", because: "the limit is 500 USD now" };
    this.done.push(`raise ${budget} ${scope} to ${limit} by ${by}: ${reason}`);
    const window = { window: "month", starts: 0, ends: Date.UTC(2026, 1, 1) } as const;
    const spec = { budget, scope, unit: "usd", ...window, limit: 750_000_000_000n } as const;
    const nothing = { leased: 0n, forfeited: 0n, committed: 0n };
    return { kind: "ok", account: { ...spec, id: 1, spent: 5n, ...nothing, open: true } };
  }

  async noteIncident({ incident, review, text }: NoteAsked, by: string) {
    const index = this.reviewRows.findIndex(({ id, kind }) => id === review && kind === "trip");
    const found = this.reviewRows[index];
    if (!found) return null;
    const about = { task: null, call: null, message: null, proposal: null };
    const note = {
      decision: "note",
      by,
      reason: text,
      at: Date.UTC(2026, 0, 4),
      ...about,
    } as const;
    const noted: Review = { ...found, decisions: [...found.decisions, note] };
    this.reviewRows[index] = noted;
    this.done.push(`note ${incident} by ${by}: ${text}`);
    return noted;
  }

  async forfeits(): Promise<Forfeits> {
    return { forfeits: this.forfeitStates, releases: [...this.releases].reverse() };
  }

  async releaseForfeits(asked: ReleaseAsked, by: string): Promise<ReleaseOutcome> {
    const known = this.releases.filter(({ id }) => id === asked.id);
    if (known.length > 0) return { kind: "already", releases: known };
    const [forfeit] = this.forfeitStates.filter(({ holder, unit }) => {
      return holder.id === asked.holder && (asked.unit ?? unit) === unit;
    });
    if (!forfeit) return { kind: "no-forfeit" };
    const { account, amount, budget, proof, scope, unit } = forfeit;
    if (proof.kind !== "gone" && !asked.withoutEvidence) return { kind: "unproven", proof };
    const { billed, holder, id, reason } = asked;
    if (amount <= billed) return { kind: "all-billed", unit, most: amount };
    const evidence = asked.withoutEvidence ? "none" : "gone";
    const which = { id, holder, account, budget, scope, unit, amount: amount - billed, billed };
    const release = { ...which, evidence, operator: by, reason, at: Date.UTC(2026, 0, 3) } as const;
    this.releases.push(release);
    return { kind: "released", releases: [release] };
  }

  async commitments(asked: CommitmentAsked): Promise<readonly CommitmentRow[]> {
    return this.commitmentRows
      .filter(({ commitment: { agent } }) => asked.agent === undefined || asked.agent === agent)
      .filter(({ commitment: { state } }) => asked.all || state !== "ended")
      .slice(0, asked.limit);
  }

  async endCommitment(id: string, reason: string, by: string): Promise<CommitmentOutcome> {
    const index = this.commitmentRows.findIndex(({ commitment }) => commitment.id === id);
    const before = this.commitmentRows[index]?.commitment;
    if (!before || before.state === "ended") return { kind: "none" };
    if (before.state === "opening") return { kind: "opening" };
    const ended = { endedAt: Date.UTC(2026, 0, 3), endedBy: by, reason, holds: [] } as const;
    const commitment = { ...before, ...ended, state: "ended" } as const;
    this.commitmentRows[index] = { commitment, accounts: [] };
    this.done.push(`end ${id} by ${by}: ${reason}`);
    return { kind: "ended", commitment };
  }

  async notifiers() {
    return this.notifierStates;
  }

  async testNotifier(name: string, by: string) {
    if (!this.notifierStates.some(({ notifier }) => notifier === name)) return null;
    this.done.push(`test ${name} by ${by}`);
    return this.delivery;
  }

  async flags() {
    return this.modelFlags;
  }

  async clearFlag(flag: Parameters<Operations["clearFlag"]>[0]) {
    const index = this.modelFlags.findIndex(
      (known) => known.provider === flag.provider && known.model === flag.model,
    );
    if (index < 0) return false;
    this.modelFlags.splice(index, 1);
    this.done.push(`clear ${flag.provider} ${flag.model} by ${flag.by}: ${flag.reason}`);
    return true;
  }
}

/** A trip of the support agent. */
export function review(id: string, changes: Partial<Review> = {}): Review {
  const numbers = { calls: 9, limit: 8 };
  return {
    ...{ id, kind: "trip", agent: "support", subject: "", reason: "the same call 9 times" },
    evidence: JSON.stringify({ rule: "stuck", tool: "echo", numbers }),
    openedAt: Date.UTC(2026, 0, 2),
    ...{ version: 0, state: "open", parked: 0, decisions: [] },
    ...changes,
  };
}

/** A tool call that waits for the review r-a. */
export function parkedRow(changes: Partial<Parked>): Parked {
  return {
    ...{ call: "d-a", agent: "support", task: "t1", key: "key_a", cause: "clutch", review: "r-a" },
    about: aboutText({
      asked: { server: "desk", tool: "echo" },
      ...{ bytes: 12, worstNano: 250_000_000, holdMs: 540_000, retries: 2 },
    }),
    ...{ digest: "t:1", at: Date.UTC(2026, 0, 2), state: "parked", letGoAt: null, attached: null },
    ...{ claimedBy: null, attempt: 0, message: null, maybeSent: false, edited: false },
    ...changes,
  };
}

/** $1.5 of a monthly budget. */
export function forfeit(holder: string, changes: Partial<ForfeitState> = {}): ForfeitState {
  const process = { host: "box", pid: 42, pidStart: "1", configuration: "dir:1", keyId: "k" };
  const fenced = { state: "fenced", beatNo: 3, fencedAt: Date.UTC(2026, 0, 2) } as const;
  return {
    holder: { id: holder, ...process, ...fenced },
    account: 1,
    budget: "all",
    scope: "support",
    unit: "usd",
    starts: Date.UTC(2026, 0, 1),
    ends: Date.UTC(2026, 1, 1),
    amount: 1_500_000_000n,
    proof: { kind: "gone" },
    ...changes,
  };
}

/** A dollar an hour of the support agent. */
export function commitment(id: string, changes: Partial<Commitment> = {}): CommitmentRow {
  const at = Date.UTC(2026, 0, 2);
  const whole: Commitment = {
    ...{ id, agent: "support", task: "t1", key: "key_a", server: "cloud", tool: "create" },
    ...{ nanoUsdPerHour: 1_000_000_000n, horizonMs: 3_600_000, version: 2, state: "active" },
    ...{ service: '"svc-1"', openedAt: at, seenAt: at, elapsedMs: 1_800_000, dueAt: at },
    ...{ holds: [{ account: 1, held: 500_000_000n }], renewals: 0, unrenewable: false },
    ...{ endedAt: null, endedBy: null, reason: null },
    ...changes,
  };
  const money = { limit: 500n, spent: 0n, leased: 0n, forfeited: 0n, committed: 500_000_000n };
  const named = { budget: "support-monthly", scope: "support", unit: "usd" } as const;
  const lifetime = { window: "lifetime", starts: 0, ends: null, open: true } as const;
  return { commitment: whole, accounts: [{ id: 1, ...named, ...lifetime, ...money }] };
}

export function task(id: string, agent = "support"): TaskRecord {
  const at = Date.UTC(2026, 0, 2);
  const times = { openedAt: at, lastSeenAt: at, endedAt: null };
  return { id, agent, parent: null, depth: 0, bundle: "dir:1", ...times, outcome: null };
}

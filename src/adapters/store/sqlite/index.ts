import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../../ports/clock.ts";
import type { CounterStore, ReviewDecision, Store } from "../../../ports/store.ts";
import { WorkerClient } from "./client.ts";
import { pack } from "./flush.ts";
import { keptOn } from "./kept.ts";
import { lockFolder } from "./lock.ts";
import type { Change } from "./transaction.ts";
import { workerUrl } from "./worker-url.ts";

export { StoreDamaged, StoreLocked, StoreTooNew } from "./errors.ts";

/** Holds keys' hashes and every decision: for nobody but its owner. */
const FOLDER_MODE = 0o700;

/**
 * The embedded store: SQLite files in one folder that this process alone has. Every other holder
 * that is still live in it is gone, for the lock is ours: the caller fences them all (`seen` null).
 *
 * Throws `StoreLocked`, `StoreTooNew` or `StoreDamaged`, each with what to do about it.
 */
export async function sqliteStore(options: {
  readonly folder: string;
  readonly clock: Clock;
}): Promise<Store> {
  const { folder, clock } = options;
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  await chmod(folder, FOLDER_MODE);
  const unlock = lockFolder(folder);
  const watchers = new Set<(what: Change) => void>();
  const told = (what: Change): void => {
    for (const changed of [...watchers]) changed(what);
  };
  const common = { path: join(folder, "store.db"), url: workerUrl(import.meta.url), clock, told };
  const writer = new WorkerClient({ ...common, readOnly: false });
  const reader = new WorkerClient({ ...common, readOnly: true });
  try {
    await writer.ready();
  } catch (error) {
    await writer.end();
    unlock();
    throw error;
  }
  return storeOn({ writer, reader, watchers, unlock });
}

interface Parts {
  readonly writer: WorkerClient;
  readonly reader: WorkerClient;
  readonly watchers: Set<(what: Change) => void>;
  readonly unlock: () => void;
}

function storeOn({ writer, reader, watchers, unlock }: Parts): Store {
  let closing: Promise<void> | null = null;
  const end = async (): Promise<void> => {
    const gone = await Promise.all([writer.end(), reader.end()]);
    // The lock goes last, and stays for as long as a thread may still write.
    if (!gone.includes(false)) unlock();
  };
  return {
    ledger: ledgerOn(writer, reader),
    holders: holdersOn(writer, watchers),
    forfeits: {
      list: (filter) => reader.ask("forfeits", filter),
      release: (wanted) => writer.ask("release", wanted),
      releases: (filter) => reader.ask("releases", filter),
    },
    journal: {
      read: (query) => reader.ask("journal", query),
      anchors: (after, limit) => lightly(writer, reader).ask("anchors", after, limit),
      gaps: (limit) => writer.ask("gaps", limit),
      writeGap: (holder, entry) => writer.ask("writeGap", holder, entry),
    },
    registry: registryOn(writer),
    tasks: tasksOn(writer, reader),
    ...sharedWorkOn(writer, reader),
    close: () => {
      closing ??= end();
      return closing;
    },
  };
}

/**
 * For what every gateway reads as it starts, mostly nothing: a second thread takes 14 MB, and many
 * never need it.
 */
function lightly(writer: WorkerClient, reader: WorkerClient): WorkerClient {
  return reader.runs ? reader : writer;
}

function ledgerOn(writer: WorkerClient, reader: WorkerClient): Store["ledger"] {
  return {
    open: (specs) => writer.ask("open", specs),
    lease: (holder, wants) => writer.ask("lease", holder, wants),
    giveBack: (holder, returned) => writer.ask("giveBack", holder, returned),
    flush: async (holder, batch) => writer.ask("flush", holder, pack(batch)),
    want: (holder, wants) => writer.ask("want", holder, wants),
    editLimit: (limited, of) => writer.ask("editLimit", limited, of ?? null),
    // A list of any length is not read on the thread that answers beats.
    accounts: (filter) => (filter.ids ? writer : reader).ask("accounts", filter),
    closeScope: (budgets, scope) => writer.ask("closeScope", budgets, scope),
  };
}

function holdersOn(writer: WorkerClient, watchers: Set<(what: Change) => void>): Store["holders"] {
  return {
    register: (holder) => writer.ask("register", holder),
    beat: (id) => writer.ask("beat", id),
    fence: (id, seen) => writer.ask("fence", id, seen),
    close: (id) => writer.ask("close", id),
    list: () => writer.ask("holders"),
    configure: (id, from, to) => writer.ask("configure", id, from, to),
    watch: (changed) => {
      // One object for each call, so that a listener given twice is stopped twice.
      const watcher = (what: Change): void => changed(what);
      watchers.add(watcher);
      return () => {
        watchers.delete(watcher);
      };
    },
  };
}

function registryOn(writer: WorkerClient): Store["registry"] {
  return {
    createKey: (key) => writer.ask("createKey", key),
    revokeKey: (id, at) => writer.ask("revokeKey", id, at),
    keys: (all) => writer.ask("keys", all),
    keyByHash: (hash) => writer.ask("keyByHash", hash),
    flag: (flag) => writer.ask("flag", flag),
    clearFlag: (provider, model) => writer.ask("clearFlag", provider, model),
    flags: () => writer.ask("flags"),
  };
}

function tasksOn(writer: WorkerClient, reader: WorkerClient): Store["tasks"] {
  return {
    open: (task) => writer.ask("openTask", task),
    end: (agent, id, outcome, at) => writer.ask("endTask", agent, id, outcome, at),
    touch: (seen) => writer.ask("touchTasks", seen),
    endIdle: (agent, before, at, limit) => writer.ask("endIdleTasks", agent, before, at, limit),
    find: (agent, id) => writer.ask("findTask", agent, id),
    ended: (tasks) => writer.ask("endedTasks", tasks),
    list: (filter) => reader.ask("listTasks", filter),
  };
}

type SharedWork = Pick<
  Store,
  | "permits"
  | "clutch"
  | "messages"
  | "overrides"
  | "parking"
  | "counters"
  | "bundles"
  | "commitments"
  | "outcomes"
  | "inputs"
  | "transcripts"
  | "notices"
>;

function sharedWorkOn(writer: WorkerClient, reader: WorkerClient): SharedWork {
  return {
    permits: {
      take: (holder, wish) => writer.ask("takePermits", holder, wish),
      give: (holder, returned) => writer.ask("givePermits", holder, returned),
    },
    clutch: {
      trip: (review) => writer.ask("trip", review),
      open: (review) => writer.ask("openReview", review),
      decide: (decision) => writer.ask("decide", withOwnBytes(decision)),
      note: (note) => writer.ask("note", note),
      clutches: () => writer.ask("clutches"),
      reviews: (filter) => reader.ask("reviews", filter),
    },
    ...changesOn(writer, reader),
    parking: parkingOn(writer, reader),
    counters: countersOn(writer, reader),
    bundles: {
      // Bytes of their own: of a view the whole memory behind it would cross to the thread.
      keep: (bundle) =>
        writer.ask("keepBundle", { ...bundle, content: new Uint8Array(bundle.content) }),
      find: (id) => writer.ask("findBundle", id),
      latest: (source) => writer.ask("latestBundle", source),
    },
    commitments: {
      open: (holder, opening) => writer.ask("openCommitment", holder, opening),
      move: (step) => writer.ask("moveCommitment", step),
      count: (key) => writer.ask("countCommitments", key),
      // Those that are due are few, and asked for every second.
      list: (filter) => (filter.due === true ? writer : reader).ask("commitments", filter),
      prune: (before) => writer.ask("pruneCommitments", before),
    },
    outcomes: outcomesOn(writer),
    ...keptOn(writer, reader),
    notices: noticesOn(writer, reader),
  };
}

function changesOn(
  writer: WorkerClient,
  reader: WorkerClient,
): Pick<Store, "messages" | "overrides"> {
  return {
    messages: {
      pending: (limit) => lightly(writer, reader).ask("pendingMessages", limit),
      told: (messages) => writer.ask("toldMessages", messages),
    },
    overrides: {
      raise: (override) => writer.ask("raiseLimit", override),
      list: (limit) => reader.ask("overrides", limit),
    },
  };
}

/** Of a view the whole memory behind it would cross to the thread. */
function withOwnBytes(decision: ReviewDecision): ReviewDecision {
  const edit = decision.change?.edit;
  if (edit === undefined) return decision;
  const own = { ...edit, request: new Uint8Array(edit.request) };
  return { ...decision, change: { ...decision.change, edit: own } };
}

function parkingOn(writer: WorkerClient, reader: WorkerClient): Store["parking"] {
  return {
    park: (holder, parked, limits) => {
      // Bytes of its own: of a view the whole memory behind it would cross to the thread.
      const request = new Uint8Array(parked.request);
      return writer.ask("park", holder, { ...parked, request }, limits);
    },
    attach: (holder, same) => writer.ask("attach", holder, same),
    detach: (holder, calls) => writer.ask("detach", holder, calls),
    catchUp: (holder, changeSeq, calls) => writer.ask("catchUp", holder, changeSeq, calls),
    claim: (holder, call) => writer.ask("claim", holder, call),
    unclaim: (holder, call, attempt, again) => {
      return writer.ask("unclaim", holder, call, attempt, again);
    },
    claimCall: (holder, claim) => writer.ask("claimCall", holder, claim),
    unclaimCall: (holder, claim) => writer.ask("unclaimCall", holder, claim),
    list: (filter) => lightly(writer, reader).ask("listParked", filter),
    request: (call) => reader.ask("parkedRequest", call),
    prune: (before) => writer.ask("pruneParked", before),
  };
}

function outcomesOn(writer: WorkerClient): Store["outcomes"] {
  return {
    // Bytes of their own: of a view the whole memory behind it would cross to the thread.
    put: (begins, { body, id }) =>
      writer.ask("putOutcome", begins, { id, body: new Uint8Array(body) }),
    waiting: (holder, limit) => writer.ask("waitingOutcomes", holder, limit),
    answer: (holder, answered) => writer.ask("answerOutcomes", holder, answered),
    answers: (ids) => writer.ask("outcomeAnswers", ids),
    forget: (ids) => writer.ask("forgetOutcomes", ids),
    prune: (before) => writer.ask("pruneOutcomes", before),
  };
}

function noticesOn(writer: WorkerClient, reader: WorkerClient): Store["notices"] {
  return {
    // Asked for every second, and mostly there is none.
    untold: (limit) => writer.ask("untoldReviews", limit),
    tell: (notices, told) => writer.ask("tellNotices", notices, told),
    claim: (holder, notifiers, limit) => writer.ask("claimNotices", holder, notifiers, limit),
    settle: (settled) => writer.ask("settleNotices", settled),
    counts: (notifiers) => reader.ask("countNotices", notifiers),
    prune: (before) => writer.ask("pruneNotices", before),
  };
}

function countersOn(writer: WorkerClient, reader: WorkerClient): CounterStore {
  return {
    merge: (holder, totals, after) => writer.ask("mergeCounts", holder, totals, after),
    share: (holder, shares, after) => writer.ask("shareCounts", holder, shares, after),
    meet: (tools, at) => writer.ask("meetTools", tools, at),
    prune: (whats, before) => writer.ask("pruneCounts", whats, before),
    pruneShares: (before) => writer.ask("pruneShares", before),
    sumHours: (sum, span, after) => writer.ask("sumHours", sum, span, after),
    hours: (hour, after) => reader.ask("hoursKnown", hour, after),
    pruneHours: (before) => writer.ask("pruneHours", before),
  };
}

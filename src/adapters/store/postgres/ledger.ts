import type {
  AccountFilter,
  Answered,
  Batch,
  Done,
  Fenced,
  Granted,
  JournalEntry,
  LedgerStore,
  Settlement,
  Short,
} from "../../../ports/store.ts";
import { conditions } from "./conditions.ts";
import type { Lane, Statement } from "./connections.ts";
import { type AccountRow, accountState, type Value } from "./values.ts";

type LeaseRow = { [Column in keyof AccountRow]: AccountRow[Column] | null } & {
  readonly kind: "ok" | "short" | "fenced";
  readonly granted: bigint | null;
  readonly done_no: bigint | null;
};

/** Money, one function call each. */
export function ledger(lane: Lane): LedgerStore {
  return {
    open: async (specs) => (await lane.ask<AccountRow>(opening(specs))).map(accountState),
    async lease(holder, wants) {
      const rows = await lane.ask<LeaseRow>({
        name: "lease",
        text: "SELECT * FROM lease($1, $2, $3, $4)",
        values: [
          holder,
          wants.map((want) => want.account),
          wants.map((want) => want.least),
          wants.map((want) => want.most),
        ],
      });
      return leased(rows);
    },
    async giveBack(holder, returned) {
      const [row] = await lane.ask<{ done: bigint | null }>({
        name: "give_back",
        text: "SELECT give_back($1, $2, $3) AS done",
        values: [holder, returned.map((r) => r.account), returned.map((r) => r.total)],
      });
      return answered(row?.done) ?? { kind: "fenced" };
    },
    async flush(holder, batch) {
      const [row] = await lane.ask<{ done: bigint | null }>(flushing(holder, batch));
      return answered(row?.done) ?? { kind: "closed" };
    },
    async want(holder, wants) {
      await lane.ask({
        name: "want",
        text: "SELECT want($1, $2, $3)",
        values: [holder, wants.map((w) => w.account), wants.map((w) => w.amount)],
      });
    },
    async editLimit({ budget, limit, unit, window }, of) {
      const text = "SELECT edit_limit($1, $2, $3, $4, $5)";
      await lane.ask({ text, values: [budget, unit, window, limit, of ?? null] });
    },
    accounts: async (filter) => (await lane.ask<AccountRow>(listing(filter))).map(accountState),
    async closeScope(budgets, scope) {
      await lane.ask({
        name: "close_scope",
        text: "SELECT close_scope($1, $2)",
        values: [budgets, scope],
      });
    },
  };
}

function answered(done: bigint | null | undefined): (Done & { readonly kind: "ok" }) | null {
  return done === null || done === undefined ? null : { kind: "ok", doneNo: Number(done) };
}

function opening(specs: Parameters<LedgerStore["open"]>[0]): Statement {
  return {
    name: "open_accounts",
    text: "SELECT * FROM open_accounts($1, $2, $3, $4, $5, $6, $7)",
    values: [
      specs.map((spec) => spec.budget),
      specs.map((spec) => spec.scope),
      specs.map((spec) => spec.unit),
      specs.map((spec) => spec.window),
      specs.map((spec) => spec.starts),
      specs.map((spec) => spec.ends),
      specs.map((spec) => spec.limit),
    ],
  };
}

/** Only `ok` is a grant: anything unexpected is a refusal. */
function leased(rows: readonly LeaseRow[]): Granted | Short | Fenced {
  const kind = rows[0]?.kind ?? "fenced";
  if (kind === "fenced") return { kind };
  const there = rows.filter((row): row is LeaseRow & AccountRow => row.id !== null);
  const accounts = there.map(accountState);
  const doneNo = Number(rows[0]?.done_no ?? 0);
  if (kind === "short") return { kind, accounts, doneNo };
  const granted = there.map((row) => ({ account: Number(row.id), total: row.granted ?? 0n }));
  return { kind, granted, accounts, doneNo };
}

function flushing(holder: string, batch: Batch): Statement {
  const { settlements, entries, anchor, answers = [] } = batch;
  const parameters = Array.from({ length: 28 }, (_, index) => `$${index + 1}`);
  return {
    name: "flush",
    text: `SELECT flush(${parameters.join(", ")}) AS done`,
    values: [
      holder,
      settlements.map((settlement) => settlement.call),
      settlements.map(legsText),
      settlements.map((settlement) => settlement.estimated),
      ...journalColumns(entries),
      anchor?.writer ?? null,
      anchor?.no ?? null,
      anchor?.at ?? null,
      anchor?.heads ?? null,
      anchor?.mac ?? null,
      ...answerColumns(answers),
    ],
  };
}

/** JSON written by hand, for its numbers may pass 2^53. */
function legsText(settlement: Settlement): string {
  const legs = settlement.legs.map((leg) => `[${leg.account},${leg.drawn},${leg.charged}]`);
  return `[${legs.join(",")}]`;
}

function journalColumns(entries: readonly JournalEntry[]): Value[] {
  return [
    entries.map((entry) => entry.writer),
    entries.map((entry) => entry.no),
    entries.map((entry) => entry.at),
    entries.map((entry) => entry.kind),
    entries.map((entry) => entry.decision),
    entries.map((entry) => entry.agent),
    entries.map((entry) => entry.task),
    entries.map((entry) => entry.code),
    entries.map((entry) => entry.body),
    entries.map((entry) => entry.hash),
  ];
}

function answerColumns(answers: readonly Answered[]): Value[] {
  const parked = answers.filter((answered) => answered.kind === "parked");
  const claims = answers.filter((answered) => answered.kind === "claim");
  return [
    parked.map((answered) => answered.call),
    parked.map((answered) => answered.attempt),
    parked.map((answered) => answered.answer),
    claims.map(({ claim }) => claim.key),
    claims.map(({ claim }) => claim.task),
    claims.map(({ claim }) => claim.callId),
    claims.map(({ claim }) => claim.digest),
    claims.map(({ claim }) => claim.at),
    claims.map((answered) => answered.answer),
  ];
}

function listing(filter: AccountFilter): Statement {
  const where = conditions()
    .when(filter.open !== false, "open")
    .given("budget = ", filter.budget)
    .given("scope = ", filter.scope)
    .given("id = ANY", filter.ids);
  return where.select("account", "ORDER BY id DESC", filter.limit);
}

import { describe, expect, test } from "vitest";
import type { AccountState } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import {
  ALL,
  accountSpec,
  CONFIGURATION,
  flush,
  fresh,
  liveHolder,
  mustLease,
  openAccount,
  type Stores,
  settlement,
  sharedStores,
  stateOf,
} from "./kit.ts";

/** Accounts: making them, their windows, their limits, finding them. */
export function accountConformance(open: OpenFixture): void {
  describe("accounts", () => {
    const stores = sharedStores(open);
    openCases(stores);
    windowCases(stores);
    kindCases(stores);
    unitCases(stores);
    limitCases(stores);
    filterCases(stores);
    scopeCases(stores);
  });
}

function openCases(stores: () => Stores): void {
  test("open answers in the order asked, and keeps what stands, its limit included", async () => {
    const { store, other } = stores();
    const specs = [accountSpec(100n), accountSpec(5n, { scope: "b", ends: 9000 })];
    const made = await store.ledger.open(specs);
    expect(made).toEqual(
      specs.map((spec, at) => ({
        ...spec,
        id: made[at]?.id,
        spent: 0n,
        leased: 0n,
        forfeited: 0n,
        committed: 0n,
        open: true,
      })),
    );
    const again = specs.toReversed().map((spec) => ({ ...spec, limit: 7n }));
    expect(await other.ledger.open(again)).toEqual(made.toReversed());
  });

  test("one account asked for twice in one call is one account", async () => {
    const { store } = stores();
    const spec = accountSpec(100n);
    const [first, second] = await store.ledger.open([spec, spec]);
    expect(first).toEqual(second);
  });
}

function windowCases(stores: () => Stores): void {
  test("a later window closes the earlier ones of its budget and scope alone", async () => {
    const { store } = stores();
    const base = accountSpec(100n);
    const january = { ...base, starts: 1000, ends: 2000 };
    const february = { ...base, starts: 2000, ends: 3000 };
    const [old, elsewhere] = await store.ledger.open([january, { ...january, scope: "other" }]);
    const [next] = await store.ledger.open([february]);
    expect(next).toMatchObject({ open: true, spent: 0n });
    expect(await stateOf(store, old?.id ?? -1)).toMatchObject({ open: false });
    expect(await stateOf(store, elsewhere?.id ?? -1)).toMatchObject({ open: true });
  });

  test("windows never go back: an earlier one opened late is closed", async () => {
    const { store } = stores();
    const base = accountSpec(100n);
    const [later] = await store.ledger.open([{ ...base, starts: 2000, ends: 3000 }]);
    const [early] = await store.ledger.open([{ ...base, starts: 1000, ends: 2000 }]);
    expect(early).toMatchObject({ open: false });
    expect(await stateOf(store, later?.id ?? -1)).toMatchObject({ open: true });
  });

  test("a call is settled in the window that reserved it", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const base = accountSpec(100n);
    const [old] = await store.ledger.open([{ ...base, starts: 1000, ends: 2000 }]);
    const id = old?.id ?? -1;
    await mustLease(store, holder, id, 30n);
    const [next] = await store.ledger.open([{ ...base, starts: 2000, ends: 3000 }]);
    await flush(store, holder, [settlement(id, 10n)]);
    await store.ledger.giveBack(holder, [{ account: id, total: 20n }]);
    expect(await stateOf(store, id)).toMatchObject({ spent: 10n, leased: 0n, open: false });
    expect(await stateOf(store, next?.id ?? -1)).toMatchObject({ spent: 0n, leased: 0n });
  });
}

/** What changes when a budget is given another kind of window: to one that starts earlier, too. */
function kindCases(stores: () => Stores): void {
  const month = { window: "month", starts: 1000, ends: 9000 } as const;
  const day = { window: "day", starts: 5000, ends: 6000 } as const;
  const lifetime = { window: "lifetime", starts: 0, ends: null } as const;

  test("another kind of window is another account, whichever starts earlier", async () => {
    const { store } = stores();
    const base = accountSpec(100n);
    const kinds = [day, month, lifetime, { ...lifetime, window: "task" as const }];
    const opened: AccountState[] = [];
    for (const kind of kinds) opened.push(...(await store.ledger.open([{ ...base, ...kind }])));
    expect(new Set(opened.map(({ id }) => id)).size).toBe(kinds.length);
    expect(opened).toMatchObject(kinds.map((kind) => ({ ...kind, open: true, spent: 0n })));
    for (const { id } of opened) expect(await stateOf(store, id)).toMatchObject({ open: true });
    const again = await store.ledger.open(kinds.map((kind) => ({ ...base, ...kind })));
    expect(again).toEqual(opened);
  });

  test("a later window closes the earlier ones of its kind alone", async () => {
    const { store } = stores();
    const base = accountSpec(100n);
    const [today, its] = await store.ledger.open(
      [day, month].map((kind) => ({ ...base, ...kind })),
    );
    const tomorrow = { ...base, ...day, starts: 6000, ends: 7000 };
    expect(await store.ledger.open([tomorrow])).toMatchObject([{ open: true }]);
    expect(await stateOf(store, today?.id ?? -1)).toMatchObject({ open: false });
    expect(await stateOf(store, its?.id ?? -1)).toMatchObject({ open: true });
    const late = { ...base, ...day, starts: 4000, ends: 5000 };
    expect(await store.ledger.open([late])).toMatchObject([{ open: false }]);
  });

  test("a call is settled in the kind that reserved it, and each keeps its own", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const base = accountSpec(100n);
    const [before] = await store.ledger.open([{ ...base, ...day }]);
    await mustLease(store, holder, before?.id ?? -1, 30n);
    const [after] = await store.ledger.open([{ ...base, ...month }]);
    await mustLease(store, holder, after?.id ?? -1, 100n);
    await flush(store, holder, [
      settlement(before?.id ?? -1, 12n),
      settlement(after?.id ?? -1, 3n),
    ]);
    expect(await stateOf(store, before?.id ?? -1)).toMatchObject({ spent: 12n, leased: 18n });
    expect(await stateOf(store, after?.id ?? -1)).toMatchObject({ spent: 3n, leased: 97n });
    const [back] = await store.ledger.open([{ ...base, ...day }]);
    expect(back).toMatchObject({ id: before?.id, open: true, spent: 12n });
  });

  test("a limit is edited for one kind, an ended task is closed in all", async () => {
    const { store } = stores();
    const base = accountSpec(100n, { scope: fresh("task") });
    const specs = [day, month].map((kind) => ({ ...base, ...kind }));
    const [first, second] = await store.ledger.open(specs);
    await store.ledger.editLimit({ ...base, window: "month", limit: 7n });
    expect(await stateOf(store, first?.id ?? -1)).toMatchObject({ limit: 100n });
    expect(await stateOf(store, second?.id ?? -1)).toMatchObject({ limit: 7n });
    await store.ledger.closeScope([base.budget], base.scope);
    expect(await store.ledger.open(specs)).toMatchObject([{ open: false }, { open: false }]);
  });
}

/** What changes when a budget is made to count something else: nothing of the two is ever added. */
function unitCases(stores: () => Stores): void {
  const units = ["usd", "tokens", "calls"] as const;
  const days = (starts: number) => {
    const base = accountSpec(100n, { window: "day", starts, ends: starts + 1000 });
    return units.map((unit) => ({ ...base, unit }));
  };

  test("another unit is another account, and each keeps its own books", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const specs = days(0);
    const opened = await store.ledger.open(specs);
    expect(new Set(opened.map(({ id }) => id)).size).toBe(units.length);
    expect(opened).toMatchObject(units.map((unit) => ({ unit, open: true, spent: 0n })));
    const [usd, tokens, calls] = opened.map(({ id }) => id);
    await mustLease(store, holder, tokens ?? -1, 70n);
    await mustLease(store, holder, calls ?? -1, 100n);
    await flush(store, holder, [settlement(tokens ?? -1, 30n), settlement(calls ?? -1, 1n)]);
    expect(await other.ledger.open(specs)).toMatchObject([
      { id: usd, spent: 0n, leased: 0n },
      { id: tokens, spent: 30n, leased: 40n },
      { id: calls, spent: 1n, leased: 99n },
    ]);
    const answer = await store.ledger.lease(holder, [{ account: usd ?? -1, least: 9n, most: 9n }]);
    expect(answer).toMatchObject({ kind: "ok", accounts: [{ unit: "usd", leased: 9n }] });
  });

  test("a later window, and a limit, are of one unit", async () => {
    const { store } = stores();
    const [usd, tokens, calls] = days(0);
    if (!usd || !tokens || !calls) throw new Error("there is one for each unit");
    const [money, count] = await store.ledger.open([usd, tokens]);
    await store.ledger.open([{ ...tokens, starts: 1000, ends: 2000 }]);
    expect(await stateOf(store, money?.id ?? -1)).toMatchObject({ open: true });
    expect(await stateOf(store, count?.id ?? -1)).toMatchObject({ open: false });
    const [now] = await store.ledger.open([{ ...tokens, starts: 1000, ends: 2000 }]);
    expect(await store.ledger.open([calls])).toMatchObject([{ open: true }]);
    await store.ledger.editLimit({ ...tokens, limit: 7n });
    expect(await stateOf(store, money?.id ?? -1)).toMatchObject({ limit: 100n });
    expect(await stateOf(store, now?.id ?? -1)).toMatchObject({ limit: 7n });
  });
}

function limitCases(stores: () => Stores): void {
  test("an edited limit keeps usage and slices, and holds for open accounts", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const base = accountSpec(100n, { starts: 1000, ends: 2000 });
    const [old] = await store.ledger.open([base]);
    const [now] = await store.ledger.open([{ ...base, starts: 2000, ends: 3000 }]);
    const id = now?.id ?? -1;
    await mustLease(store, holder, id, 60n);
    await flush(store, holder, [settlement(id, 10n)]);
    await store.ledger.editLimit({ ...base, limit: 20n });
    expect(await stateOf(other, id)).toMatchObject({ limit: 20n, spent: 10n, leased: 50n });
    expect(await stateOf(store, old?.id ?? -1)).toMatchObject({ limit: 100n });
    const more = { account: id, least: 61n, most: 61n };
    expect((await store.ledger.lease(holder, [more])).kind).toBe("short");
    const same = { account: id, least: 60n, most: 70n };
    expect(await store.ledger.lease(holder, [same])).toMatchObject({
      kind: "ok",
      granted: [{ account: id, total: 60n }],
    });
    await store.ledger.editLimit({ ...base, limit: 61n });
    expect((await store.ledger.lease(holder, [more])).kind).toBe("ok");
  });

  test("a limit of a configuration that is not in force is none", async () => {
    const { store, other } = stores();
    await liveHolder(store);
    const base = accountSpec(100n);
    const [account] = await store.ledger.open([base]);
    const id = account?.id ?? -1;
    await other.ledger.editLimit({ ...base, limit: 500n }, "dir:of-yesterday");
    expect(await stateOf(store, id)).toMatchObject({ limit: 100n });
    await other.ledger.editLimit({ ...base, limit: 50n }, CONFIGURATION);
    expect(await stateOf(store, id)).toMatchObject({ limit: 50n });
  });
}

function filterCases(stores: () => Stores): void {
  test("accounts are found by id, budget and scope, newest first, at most so many", async () => {
    const { store } = stores();
    const base = accountSpec(100n);
    const opened = await store.ledger.open([
      { ...base, scope: "a" },
      { ...base, scope: "b", starts: 1000, ends: 2000 },
      { ...base, scope: "c" },
    ]);
    const [a, b, c] = opened;
    if (!a || !b || !c) throw new Error("three were opened");
    const [later] = await store.ledger.open([{ ...base, scope: "b", starts: 2000, ends: 3000 }]);
    const ids = async (filter: Parameters<typeof store.ledger.accounts>[0]) =>
      (await store.ledger.accounts(filter)).map((account: AccountState) => account.id);

    const { budget } = base;
    expect(await ids({ budget, limit: ALL })).toEqual([later?.id, c.id, a.id]);
    expect(await ids({ budget, open: true, limit: ALL })).toEqual([later?.id, c.id, a.id]);
    expect(await ids({ budget, open: false, limit: ALL })).toEqual([later?.id, c.id, b.id, a.id]);
    expect(await ids({ budget, limit: 2 })).toEqual([later?.id, c.id]);
    expect(await ids({ budget, scope: "b", open: false, limit: ALL })).toEqual([later?.id, b.id]);
    expect(await ids({ ids: [a.id, c.id, 2 ** 40], limit: ALL })).toEqual([c.id, a.id]);
    expect(await ids({ ids: [], limit: ALL })).toEqual([]);
    expect(await ids({ budget: fresh("none"), limit: ALL })).toEqual([]);
  });
}

function scopeCases(stores: () => Stores): void {
  test("an ended task's accounts are closed for good, in the budgets named", async () => {
    const { store, other } = stores();
    const scope = fresh("task");
    const specs = [
      accountSpec(9n, { scope }),
      accountSpec(9n, { scope }),
      accountSpec(9n, { scope }),
    ];
    const opened = await store.ledger.open(specs);
    const bystander = await openAccount(store, 9n);
    const budgets = specs.slice(0, 2).map((spec) => spec.budget);
    await store.ledger.closeScope([...budgets, bystander.budget], scope);
    await store.ledger.closeScope(budgets, scope);
    const again = await other.ledger.open(specs);
    expect(again).toEqual(opened.map((account, at) => ({ ...account, open: at === 2 })));
    expect(await stateOf(store, bystander.id)).toMatchObject({ open: true });
  });
}

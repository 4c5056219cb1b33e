import type { NewOverride, Override, OverrideStore } from "../../../ports/store.ts";
import { type Account, type MemoryData, raiseChange, stateOf, tell } from "./data.ts";

/** Raised limits on data in memory. */
export function memoryOverrides(data: MemoryData): OverrideStore {
  return {
    raise: async (asked) => {
      const account = openAccount(data, asked);
      if (account === null) return null;
      if (raise(data, account, asked)) raiseChange(data);
      return stateOf(account);
    },
    list: async (limit) => inForce(data).slice(0, limit),
  };
}

export function openAccount(
  data: MemoryData,
  { account: id }: Pick<NewOverride, "account">,
): Account | null {
  const account = data.accounts.get(id);
  return account?.open ? account : null;
}

/** False: it was there. */
export function raise(data: MemoryData, account: Account, asked: NewOverride): boolean {
  if (data.overrides.has(asked.id)) return false;
  data.overrides.set(asked.id, asked);
  account.raised = asked.limit;
  setLimit(account);
  tell(data, "room");
  return true;
}

export function setLimit(account: Account): void {
  const { configured, raised } = account;
  account.limit = raised !== null && raised > configured ? raised : configured;
}

function inForce(data: MemoryData): Override[] {
  const newest = new Map([...data.overrides.values()].map((each) => [each.account, each]));
  return [...data.overrides.values()].reverse().flatMap((override) => {
    const { account: id, limit } = override;
    const account = openAccount(data, override);
    if (account === null || limit === null || newest.get(id) !== override) return [];
    const { limit: _, ...spec } = account.spec;
    return { ...override, ...spec, limit, configured: account.configured };
  });
}

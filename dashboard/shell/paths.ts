/** Addresses of pages, and the pages of addresses. */

export type Page =
  | { readonly name: "overview" | "reviews" | "budgets" | "incidents" | "journal" | "sign-in" }
  | { readonly name: "agent" | "review" | "incident"; readonly id: string }
  | { readonly name: "task"; readonly id: string; readonly task: string }
  | { readonly name: "unknown" };

const LISTS = ["reviews", "budgets", "incidents", "journal", "sign-in"] as const;
const ITEMS = { agents: "agent", reviews: "review", incidents: "incident" } as const;

/** The page of an address. */
export function pageOf(pathname: string): Page {
  const parts = pathname.split("/").filter((part) => part !== "");
  const [first = "", id, tasks, task] = parts.map(decoded);
  if (parts.length === 0) return { name: "overview" };
  if (parts.length === 1) {
    const name = LISTS.find((one) => one === first);
    return name === undefined ? { name: "unknown" } : { name };
  }
  if (parts.length === 4 && first === "agents" && tasks === "tasks" && id && task) {
    return { name: "task", id, task };
  }
  if (parts.length !== 2 || id === undefined || !Object.hasOwn(ITEMS, first))
    return { name: "unknown" };
  // `as`: it has just been looked at.
  return { name: ITEMS[first as keyof typeof ITEMS], id };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}

export const agentPath = (agent: string): string => `/agents/${encodeURIComponent(agent)}`;
export const taskPath = (agent: string, task: string): string =>
  `${agentPath(agent)}/tasks/${encodeURIComponent(task)}`;
export const reviewPath = (id: string): string => `/reviews/${encodeURIComponent(id)}`;
export const incidentPath = (id: string): string => `/incidents/${encodeURIComponent(id)}`;

/** One account among the budgets. */
export function budgetPath(name: string, scope: string): string {
  return `/budgets?${new URLSearchParams({ budget: name, scope }).toString()}`;
}

/** The journal, filtered: where a number is followed to what is behind it. */
export function journalPath(filter: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(filter).toString();
  return query === "" ? "/journal" : `/journal?${query}`;
}

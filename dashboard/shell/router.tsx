/** Which page is shown: the address says it, so that every view can be sent to a colleague. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

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
  if (parts.length !== 2 || id === undefined || !(first in ITEMS)) return { name: "unknown" };
  // `as`: `in` has just said so.
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

/** The journal, filtered: where a number is followed to what is behind it. */
export function journalPath(filter: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(filter).toString();
  return query === "" ? "/journal" : `/journal?${query}`;
}

const MOVED = "slipclutch:moved";

/** Goes there without loading anything again. */
export function go(path: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", path);
  else history.replaceState(null, "", path);
  dispatchEvent(new Event(MOVED));
}

export interface Place {
  readonly pathname: string;
  readonly search: string;
}

const here = (): Place => ({ pathname: location.pathname, search: location.search });

/** The address, as it changes. */
export function usePlace(): Place {
  const [place, set] = useState(here);
  useEffect(() => {
    const listener = () => set(here());
    addEventListener("popstate", listener);
    addEventListener(MOVED, listener);
    return () => {
      removeEventListener("popstate", listener);
      removeEventListener(MOVED, listener);
    };
  }, []);
  return place;
}

/** A link of this dashboard; with a modifier or another button the browser does what it does. */
export function Link(props: {
  readonly to: string;
  readonly class?: string;
  readonly current?: boolean;
  readonly label?: string;
  readonly children: ComponentChildren;
}) {
  const click = (event: MouseEvent) => {
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!plain || event.button !== 0 || event.defaultPrevented) return;
    event.preventDefault();
    go(props.to);
  };
  return (
    <a
      href={props.to}
      class={props.class}
      aria-current={props.current ? "page" : undefined}
      aria-label={props.label}
      onClick={click}
    >
      {props.children}
    </a>
  );
}

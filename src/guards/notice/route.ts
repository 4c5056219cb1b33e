/** Which notices a notifier hears of. */
import type { NoticeKind } from "./notice.ts";

export interface Route {
  /** Ids of agents, where `*` stands for any text. */
  readonly agents: readonly string[];
  /** All of these labels the agent must have. */
  readonly labels: Labels;
  readonly on: readonly NoticeKind[];
}

export type Labels = Readonly<Partial<Record<"team" | "org" | "owner", string>>>;

/** Of an agent, what routes go by; labels are null where its manifest is gone or has none. */
export interface Routed {
  readonly agent: string;
  readonly kind: NoticeKind;
  readonly labels: Readonly<Record<keyof Labels, string | null>> | null;
}

export function isRouted({ agents, labels, on }: Route, about: Routed): boolean {
  return (
    on.includes(about.kind) &&
    agents.some((pattern) => fits(pattern, about.agent)) &&
    hasLabels(labels, about.labels)
  );
}

export function hasLabels(wanted: Labels, labels: Routed["labels"]): boolean {
  const { org, owner, team } = wanted;
  if (team !== undefined && labels?.team !== team) return false;
  if (org !== undefined && labels?.org !== org) return false;
  return owner === undefined || labels?.owner === owner;
}

/** Whether a name is what the pattern says, part by part from the left. */
export function fits(pattern: string, name: string): boolean {
  const [first = "", ...others] = pattern.split("*");
  const last = others.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const part of others) {
    const at = name.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return name.length - last.length >= from && name.endsWith(last);
}

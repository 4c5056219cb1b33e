import type { AgentView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { PHONE, useMedia } from "../data/hooks.ts";
import { journalPath } from "../shell/paths.ts";
import { go, Link } from "../shell/router.tsx";
import { KINDS } from "../words/entries.ts";

const FIELDS = ["agent", "task", "kind", "code", "from"] as const;
export type Filter = Readonly<Partial<Record<(typeof FIELDS)[number] | "decision", string>>>;

export function filterOf(search: string): Filter {
  const query = new URLSearchParams(search);
  const pairs = [...FIELDS, "decision" as const].map((name) => [name, query.get(name) ?? ""]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}

/** On a phone they are folded away: what is filtered is seen in the summary. */
export function Filters({ filter }: { readonly filter: Filter }) {
  const phone = useMedia(PHONE);
  if (!phone) return <Fields filter={filter} />;
  const values = Object.values(filter).join(", ");
  return (
    <details class="filter-fold">
      <summary>{values === "" ? "Filter" : `Filter: ${values}`}</summary>
      <Fields filter={filter} />
    </details>
  );
}

function Fields({ filter }: { readonly filter: Filter }) {
  const agents = useApi<readonly AgentView[]>("/api/v1/agents").value ?? [];
  const set = (name: keyof Filter) => (event: Event) => {
    const { currentTarget: field } = event;
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) return;
    const { [name]: _, ...rest } = filter;
    const value = field.value.trim();
    go(journalPath(value === "" ? rest : { ...rest, [name]: value }), "replace");
  };
  return (
    <search class="filters">
      <label>
        Agent
        <select value={filter.agent ?? ""} onChange={set("agent")}>
          <Options none="all" values={agents.map(({ agent }) => [agent, agent] as const)} />
        </select>
      </label>
      <label>
        Task
        <input type="text" value={filter.task ?? ""} onChange={set("task")} />
      </label>
      <label>
        What happened
        <select value={filter.kind ?? ""} onChange={set("kind")}>
          <Options none="anything" values={KINDS.map((kind) => [kind, kind] as const)} />
        </select>
      </label>
      <label>
        Code
        <input type="text" value={filter.code ?? ""} onChange={set("code")} />
      </label>
      <label>
        Since
        <select value={filter.from ?? ""} onChange={set("from")}>
          <Options none="the beginning" values={PERIODS} />
        </select>
      </label>
      {Object.keys(filter).length > 0 && (
        <Link class="btn quiet" to="/journal">
          Clear
        </Link>
      )}
    </search>
  );
}

function Options(props: {
  readonly none: string;
  readonly values: readonly (readonly [value: string, word: string])[];
}) {
  return (
    <>
      <option value="">{props.none}</option>
      {props.values.map(([value, word]) => (
        <option key={value} value={value}>
          {word}
        </option>
      ))}
    </>
  );
}

const PERIODS = [
  ["1m", "1 minute ago"],
  ["15m", "15 minutes ago"],
  ["1h", "1 hour ago"],
  ["24h", "24 hours ago"],
  ["7d", "7 days ago"],
] as const;

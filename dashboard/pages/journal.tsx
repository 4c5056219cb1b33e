/** Everything that was decided: filtered, followed live, explained, and verified. */

import { useCallback, useEffect, useState } from "preact/hooks";
import type { EntryView, JournalPage, VerifiedView } from "../../src/control/schemas/journal.ts";
import type { AgentView } from "../../src/control/schemas/reviews.ts";
import { get, Refused } from "../data/api.ts";
import { useApi } from "../data/cache.ts";
import { useHeard } from "../data/hooks.ts";
import { VerdictMark } from "../parts/icons.tsx";
import { Empty, Failure, Skeleton } from "../parts/panels.tsx";
import { useKeys } from "../shell/keys.ts";
import { agentPath, go, journalPath, Link, taskPath, usePlace } from "../shell/router.tsx";
import { KINDS, lineOf, tookMs } from "../words/entries.ts";
import { usd } from "../words/money.ts";
import { counted } from "../words/numbers.ts";
import { clockMs, day } from "../words/time.ts";
import { Explain } from "./explain.tsx";

const PAGE = 100;
/** Rows on the page; what is older is asked for again. */
const ROWS_MAX = 2_000;

const FIELDS = ["agent", "task", "kind", "code", "from"] as const;
type Filter = Readonly<Partial<Record<(typeof FIELDS)[number] | "decision", string>>>;

function filterOf(search: string): Filter {
  const query = new URLSearchParams(search);
  const pairs = [...FIELDS, "decision" as const].map((name) => [name, query.get(name) ?? ""]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}

export function Journal() {
  const { search } = usePlace();
  const filter = filterOf(search);
  const { decision, ...shown } = filter;
  const close = () => go(journalPath(shown), "replace");
  return (
    <>
      <div class="head">
        <div>
          <h1>Journal</h1>
        </div>
        <Verify />
      </div>
      <section class="panel" aria-label="Entries">
        <Filters filter={shown} />
        <Rows key={JSON.stringify(shown)} filter={shown} />
      </section>
      {decision !== undefined && <Explain key={decision} decision={decision} close={close} />}
    </>
  );
}

function Filters({ filter }: { readonly filter: Filter }) {
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
          <option value="">all</option>
          {agents.map(({ agent }) => (
            <option key={agent}>{agent}</option>
          ))}
        </select>
      </label>
      <label>
        Task
        <input type="text" value={filter.task ?? ""} onChange={set("task")} />
      </label>
      <label>
        What happened
        <select value={filter.kind ?? ""} onChange={set("kind")}>
          <option value="">anything</option>
          {KINDS.map((kind) => (
            <option key={kind}>{kind}</option>
          ))}
        </select>
      </label>
      <label>
        Code
        <input
          type="text"
          placeholder="budget.exhausted"
          value={filter.code ?? ""}
          onChange={set("code")}
        />
      </label>
      <label>
        Since
        <select value={filter.from ?? ""} onChange={set("from")}>
          <option value="">the beginning</option>
          {PERIODS.map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
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

const PERIODS = [
  ["1m", "1 minute ago"],
  ["15m", "15 minutes ago"],
  ["1h", "1 hour ago"],
  ["24h", "24 hours ago"],
  ["7d", "7 days ago"],
] as const;

interface Loaded {
  /** Newest first. */
  readonly entries: readonly EntryView[];
  readonly more: boolean;
}

async function load(filter: Filter, before: EntryView | undefined): Promise<Loaded> {
  // `to` has whole milliseconds: entries of that moment come again, and are told apart below.
  const to: Record<string, string> = before === undefined ? {} : { to: before.at };
  const query = new URLSearchParams({ ...filter, ...to, limit: String(PAGE), take: "newest" });
  const { entries } = await get<JournalPage>(`/api/v1/journal?${query}`);
  const older = before === undefined ? entries : entries.filter(isOlder(before));
  return { entries: [...older].reverse(), more: entries.length === PAGE && older.length > 0 };
}

const isOlder =
  ({ position: newest }: EntryView) =>
  ({ position }: EntryView): boolean =>
    position < newest;

function Rows({ filter }: { readonly filter: Filter }) {
  const [loaded, set] = useState<Loaded | null>(null);
  const [error, setError] = useState<Refused | null>(null);
  const [newer, setNewer] = useState(0);
  const ask = (before: EntryView | undefined) => {
    load(filter, before).then(
      ({ entries, more }) => {
        setError(null);
        if (before === undefined) setNewer(0);
        set((old) => {
          const kept = before === undefined ? [] : (old?.entries ?? []);
          return { entries: [...kept, ...entries].slice(0, ROWS_MAX), more };
        });
      },
      (problem: unknown) => {
        if (!(problem instanceof Refused)) throw problem;
        setError(problem);
      },
    );
  };
  useEffect(() => ask(undefined), []);
  const heard = useCallback((entry: EntryView) => {
    if (fits(entry, filter)) setNewer((count) => count + 1);
  }, []);
  useHeard(heard);
  if (error !== null)
    return <Failure answer={{ value: undefined, error, at: 0 }} what="The journal" />;
  if (loaded === null) return <Skeleton rows={10} />;
  return (
    <>
      {newer > 0 && (
        <div class="newer">
          <button type="button" class="btn" onClick={() => ask(undefined)}>
            Show {counted(newer, "newer entry", "newer entries")}
          </button>
        </div>
      )}
      <Table entries={loaded.entries} filter={filter} />
      {loaded.more && (
        <div class="newer">
          <button type="button" class="btn" onClick={() => ask(loaded.entries.at(-1))}>
            Show earlier ones
          </button>
        </div>
      )}
    </>
  );
}

/** Whether what has just happened would be on this page. */
function fits({ agent, code, kind, task }: EntryView, filter: Filter): boolean {
  const own = { agent, code, kind, task };
  return (["agent", "code", "kind", "task"] as const).every((name) => {
    return filter[name] === undefined || filter[name] === own[name];
  });
}

function Table(props: { readonly entries: readonly EntryView[]; readonly filter: Filter }) {
  const { entries, filter } = props;
  const [selected, select] = useState(-1);
  const open = ({ decision }: EntryView) => {
    if (decision !== null) go(journalPath({ ...filter, decision }), "replace");
  };
  const step = (by: number) => () =>
    select((at) => Math.min(Math.max(at + by, 0), entries.length - 1));
  const here = entries[selected];
  useKeys({ j: step(1), k: step(-1), Enter: here === undefined ? undefined : () => open(here) });
  if (entries.length === 0) {
    return (
      <Empty title="Nothing in the journal is like this">Take a filter away to see more.</Empty>
    );
  }
  return (
    <div class="tw">
      <table class="rows t-jou">
        <thead>
          <tr>
            <th>Time, UTC</th>
            <th>What happened</th>
            <th>About</th>
            <th>By what, or why</th>
            <th>Agent</th>
            <th>Task</th>
            <th class="r">Took</th>
            <th class="r">Cost</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry, index) => (
            <Row key={entry.position} entry={entry} selected={index === selected} open={open} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row(props: {
  readonly entry: EntryView;
  readonly selected: boolean;
  readonly open: (entry: EntryView) => void;
}) {
  const { entry, open, selected } = props;
  const line = lineOf(entry);
  const took = tookMs(entry);
  const { agent, at, decision, task } = entry;
  return (
    <tr class={selected ? "sel" : ""}>
      <td class="nowrap muted">
        <Stamp at={at} />
      </td>
      <td class="o1">
        <VerdictMark verdict={line.verdict} word={line.word} />
      </td>
      <td class="name o2">
        {decision === null ? (
          line.about
        ) : (
          <button type="button" class="rowlink" onClick={() => open(entry)}>
            {line.about || "explain"}
          </button>
        )}
      </td>
      <td class="left o3 why muted">{line.detail}</td>
      <td class="hide">{agent !== null && <Link to={agentPath(agent)}>{agent}</Link>}</td>
      <td class="hide cut-id">
        {agent !== null && task !== null && <Link to={taskPath(agent, task)}>{task}</Link>}
      </td>
      <td class="r hide muted">{took === null ? "" : `${took.toFixed(0)} ms`}</td>
      <td class="r hide">{line.costUsd === null ? "" : usd(line.costUsd)}</td>
    </tr>
  );
}

function Stamp({ at }: { readonly at: string }) {
  const today = at.slice(0, 10) === new Date().toISOString().slice(0, 10);
  return (
    <time dateTime={at}>
      {today ? "" : `${day(at, Date.now())} `}
      {clockMs(at)}
    </time>
  );
}

/** The chain, from its first entry to its last: asked for, for it reads all of it. */
function Verify() {
  const [says, say] = useState<{ ok: boolean; text: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const verify = async () => {
    setBusy(true);
    try {
      say(verifiedText(await get<VerifiedView>("/api/v1/journal/verify")));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say({ ok: false, text: `Not verified: ${error.message}` });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="acts verify">
      <p role="status" class={says === null || says.ok ? "muted" : "c-stop strong"}>
        {says?.text ?? ""}
      </p>
      <button type="button" class="btn" disabled={busy} onClick={() => void verify()}>
        {busy ? "Verifying" : "Verify the chain"}
      </button>
    </div>
  );
}

function verifiedText(view: VerifiedView): { ok: boolean; text: string } {
  if (!view.ok) {
    const { no, what, why, writer } = view.bad;
    return { ok: false, text: `The chain does not hold: ${what} ${no} of ${writer}: ${why}.` };
  }
  const { anchors, entries, gaps, writers } = view;
  const gap = gaps === 0 ? "" : `, ${counted(gaps, "gap")}`;
  const of = `${counted(entries, "entry", "entries")} of ${counted(writers, "writer")}`;
  return { ok: true, text: `${of} hold together, ${counted(anchors, "signed head")}${gap}.` };
}

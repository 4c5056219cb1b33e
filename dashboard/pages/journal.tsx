/** Everything that was decided: filtered, followed live, explained, and verified. */

import { useCallback, useEffect, useState } from "preact/hooks";
import type { EntryView, JournalPage } from "../../src/control/schemas/journal.ts";
import { get, Refused } from "../data/api.ts";
import { useHeard } from "../data/hooks.ts";
import { Failure, Skeleton } from "../parts/panels.tsx";
import { journalPath } from "../shell/paths.ts";
import { go, usePlace } from "../shell/router.tsx";
import { counted } from "../words/numbers.ts";
import { Explain } from "./explain.tsx";
import { Entries } from "./journal-entries.tsx";
import { type Filter, Filters, filterOf } from "./journal-filters.tsx";
import { Verify } from "./verify.tsx";

const PAGE = 100;
/** Rows on the page; what is older is asked for again. */
const ROWS_MAX = 2_000;

export function Journal() {
  const { search } = usePlace();
  const filter = filterOf(search);
  const { decision, ...shown } = filter;
  const close = () => go(journalPath(shown), "replace");
  return (
    <>
      <div class="head main-page">
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
      <Entries entries={loaded.entries} filter={filter} />
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

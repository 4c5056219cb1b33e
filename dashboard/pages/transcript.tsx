/** What a task said and was told, where that is kept: read when a person asks for it. */
import { useState } from "preact/hooks";
import type {
  PartView,
  TranscriptEntryView,
  TranscriptView,
} from "../../src/control/schemas/transcripts.ts";
import { get, Refused } from "../data/api.ts";
import { Empty, Moment, Panel } from "../parts/panels.tsx";
import { useSession } from "../shell/session.tsx";
import { counted } from "../words/numbers.ts";

interface Of {
  readonly agent: string;
  readonly task: string;
}

/** Not by itself, as other panels: each reading is an entry of the journal. */
export function Transcript(of: Of) {
  const [read, setRead] = useState<TranscriptView | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const isViewer = useSession().role === "viewer";
  const more = async () => {
    setBusy(true);
    try {
      setRead(joined(read, await pageOf(of, read?.next ?? null)));
      setFailed(null);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      setFailed(`${error.message} ${error.hint}`);
    } finally {
      setBusy(false);
    }
  };
  const hindrance = isViewer ? "You are a viewer: operators read what was said." : null;
  return (
    <Panel title="Transcript" note={`what ${of.task} said; the journal says who read it`}>
      {read !== null && <Entries read={read} />}
      {failed !== null && (
        <p class="in" role="alert">
          {failed}
        </p>
      )}
      {(read === null || read.next !== null) && (
        <p class="in pad-top said-more">
          <button type="button" class="btn" disabled={busy || isViewer} onClick={() => void more()}>
            {read === null ? "Read it" : "Read on"}
          </button>{" "}
          {hindrance !== null && <span class="fine">{hindrance}</span>}
        </p>
      )}
    </Panel>
  );
}

function pageOf({ agent, task }: Of, after: number | null): Promise<TranscriptView> {
  const path = `/api/v1/tasks/${encodeURIComponent(agent)}/${encodeURIComponent(task)}/transcript`;
  return get(after === null ? path : `${path}?after=${after}`);
}

function joined(before: TranscriptView | null, page: TranscriptView): TranscriptView {
  return { ...page, entries: [...(before?.entries ?? []), ...page.entries] };
}

function Entries({ read }: { readonly read: TranscriptView }) {
  const { dropped, entries, erased_at: erased, keeps } = read;
  if (entries.length === 0) {
    return (
      <Empty title="Nothing is kept of what it said">
        {erased !== null && "It was erased, and nothing of it is kept from then on."}
        {erased === null && keeps && "It has said nothing yet, or that was long ago."}
        {erased === null && !keeps && "Transcripts are kept where slipclutch.yaml says so."}
      </Empty>
    );
  }
  return (
    <>
      {dropped > 0 && (
        <p class="in fine">{counted(dropped, "older entry", "older entries")} had to go.</p>
      )}
      <ul class="list said">
        {entries.map((entry) => (
          <li key={entry.position}>
            <span class="fine">
              <b class="strong">{shown(titleOf(entry))}</b>, <Moment at={entry.at} />
            </span>
            <Body entry={entry} />
          </li>
        ))}
      </ul>
    </>
  );
}

function titleOf(entry: TranscriptEntryView): string {
  switch (entry.kind) {
    case "message":
      return entry.role;
    case "verdict":
      return `${entry.verdict}: ${entry.why}`;
    case "call":
      return `${entry.server}.${entry.tool}, ${entry.verdict}${ofWhy(entry.why)}`;
    case "result":
      return `result of ${entry.server}.${entry.tool}, ${entry.outcome}`;
  }
}

function ofWhy(why: string | null): string {
  return why === null ? "" : `: ${why}`;
}

function Body({ entry }: { readonly entry: TranscriptEntryView }) {
  switch (entry.kind) {
    case "message":
      return (
        <>
          {entry.parts.map((part, at) => (
            <Part key={at} part={part} />
          ))}
        </>
      );
    case "verdict":
      return null;
    case "call":
      return <code>{shown(entry.arguments)}</code>;
    case "result":
      return <p>{shown(entry.text)}</p>;
  }
}

function Part({ part }: { readonly part: PartView }) {
  switch (part.kind) {
    case "text":
      return <p>{shown(part.text)}</p>;
    case "thinking":
      return (
        <details>
          <summary class="fine">thinking</summary>
          <p class="muted">{shown(part.text)}</p>
        </details>
      );
    case "call":
      return (
        <code>
          → {shown(part.name)} {shown(part.arguments)}
        </code>
      );
    case "result":
      return <p class="muted">← {shown(part.text)}</p>;
  }
}

/** Controls that turn the writing around, or show nothing: nobody should read by them. */
const UNSEEN = /[\u202a-\u202e\u2066-\u2069]|(?![\n\t])\p{Cc}/gu;

function shown(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(UNSEEN, "�");
}

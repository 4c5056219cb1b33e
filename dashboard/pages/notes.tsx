/** What people write beside an incident. */

import { useState } from "preact/hooks";
import type { IncidentView } from "../../src/control/schemas/incidents.ts";
import { Refused, send } from "../data/api.ts";
import { refresh } from "../data/cache.ts";
import { Moment, Panel } from "../parts/panels.tsx";
import { useHindrance } from "../shell/session.tsx";
import { toast } from "../shell/toasts.tsx";

export function Notes({ incident }: { readonly incident: IncidentView }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const hindrance = useHindrance();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (text.trim() === "" || busy) return;
    setBusy(true);
    if (await write(incident.id, text.trim())) setText("");
    setBusy(false);
  };
  return (
    <Panel title="Notes">
      {incident.notes.length > 0 && (
        <ul class="list">
          {incident.notes.map((note) => (
            <li key={note.at}>
              <span>{note.text}</span>
              <span class="fine">
                {note.by}, <Moment at={note.at} />
              </span>
            </li>
          ))}
        </ul>
      )}
      <form class="in pad-top note" onSubmit={(event) => void submit(event)}>
        <input
          type="text"
          aria-label="A note"
          maxLength={500}
          disabled={hindrance !== null}
          placeholder={hindrance ?? "What was found, what was done"}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="btn" disabled={busy || text.trim() === ""}>
          Write it down
        </button>
      </form>
    </Panel>
  );
}

async function write(id: string, text: string): Promise<boolean> {
  try {
    await send("POST", `/api/v1/incidents/${encodeURIComponent(id)}/notes`, { text });
    refresh(true);
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast({ good: false, title: "Not written.", text: `${error.message} ${error.hint}` });
    return false;
  }
}

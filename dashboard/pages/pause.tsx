/** Pausing an agent: why, and only then the button. */
import { useRef, useState } from "preact/hooks";
import { Refused, send } from "../data/api.ts";
import { refresh } from "../data/cache.ts";
import { Dialog } from "../parts/dialog.tsx";
import { useHindrance } from "../shell/session.tsx";
import { toast } from "../shell/toasts.tsx";

const REASONS = ["Looks wrong", "Incident", "Before a change"];

export function Pause({ agent }: { readonly agent: string }) {
  const [open, setOpen] = useState(false);
  const hindrance = useHindrance();
  return (
    <>
      <button
        type="button"
        class="btn"
        disabled={hindrance !== null}
        title={hindrance ?? undefined}
        onClick={() => setOpen(true)}
      >
        Pause {agent}
      </button>
      {open && <Ask agent={agent} close={() => setOpen(false)} />}
    </>
  );
}

function Ask({ agent, close }: { readonly agent: string; readonly close: () => void }) {
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (reason.trim() === "" || busy) return;
    setBusy(true);
    await pause(agent, reason.trim());
    close();
  };
  const pick = (text: string) => {
    setReason(text);
    input.current?.focus();
  };
  return (
    <Dialog title={`Pause ${agent}`} close={close}>
      <form class="in pause" onSubmit={(event) => void submit(event)}>
        <p class="muted">
          Calls that come wait in a review, with their clients on the line. Nothing is lost; a
          person lets them go.
        </p>
        <label class="field">
          <span>
            Reason<em class="fine">required, kept in the journal</em>
          </span>
          <input
            ref={input}
            type="text"
            maxLength={500}
            autocomplete="off"
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <fieldset class="chips">
          <legend class="sr">Usual reasons</legend>
          {REASONS.map((one) => (
            <button type="button" class="chip" key={one} onClick={() => pick(one)}>
              {one}
            </button>
          ))}
        </fieldset>
        <button type="submit" class="btn main" disabled={busy || reason.trim() === ""}>
          Pause {agent}
        </button>
      </form>
    </Dialog>
  );
}

async function pause(agent: string, reason: string): Promise<void> {
  try {
    await send("POST", "/api/v1/agents/pause", { agents: [agent], reason });
    toast({ good: true, title: "Paused.", text: `Calls of ${agent} wait for a review.` });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast({ good: false, title: "Not paused.", text: `${error.message} ${error.hint}` });
  }
  refresh(true);
}

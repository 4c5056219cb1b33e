/** Whether the journal is what was written: asked for, since it reads all of it. */
import { useState } from "preact/hooks";
import type { VerifiedView } from "../../src/control/schemas/journal.ts";
import { get, Refused } from "../data/api.ts";
import { counted } from "../words/numbers.ts";

/** The chain, from its first entry to its last: asked for, for it reads all of it. */
export function Verify() {
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

/** Taking an incident along as a case, which rules are tested with from then on. */
import { useState } from "preact/hooks";
import { getText, Refused } from "../data/api.ts";
import { useHindrance } from "../shell/session.tsx";
import { toast } from "../shell/toasts.tsx";

const INDENT = 2;

export function Export({ incident }: { readonly incident: string }) {
  const [busy, setBusy] = useState(false);
  const hindrance = useHindrance();
  const press = async () => {
    setBusy(true);
    await take(incident);
    setBusy(false);
  };
  return (
    <button
      type="button"
      class="btn"
      disabled={hindrance !== null || busy}
      title={hindrance ?? "With what its calls asked; that you took it is in the journal."}
      onClick={() => void press()}
    >
      Export the case
    </button>
  );
}

async function take(incident: string): Promise<void> {
  const path = `/api/v1/incidents/${encodeURIComponent(incident)}/export`;
  try {
    const text = JSON.stringify(JSON.parse(await getText(path)), null, INDENT);
    save(`${incident}.json`, `${text}\n`);
    const next = "Keep it beside the guardrails folder, for CI to test rules with.";
    toast({ good: true, title: "Exported.", text: next });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast({ good: false, title: "Not exported.", text: `${error.message} ${error.hint}` });
  }
}

/** As the browser saves whatever is downloaded. */
function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** What gateways that died had held: charged, until a person says what was billed of it. */
import { useState } from "preact/hooks";
import { Moment, Panel } from "../parts/panels.tsx";
import { journalPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { useHindrance } from "../shell/session.tsx";
import { type Forfeit, type Held, heldBy, textOf } from "../words/forfeits.ts";
import { counted } from "../words/numbers.ts";
import { Release } from "./release.tsx";

/** On the page at once; the others are listed by the command line. */
const SHOWN_MAX = 20;

/** Charged although nobody knows whether it was billed: a person may look and release it. */
export function Forfeited({ forfeits }: { readonly forfeits: readonly Forfeit[] }) {
  const held = heldBy(forfeits);
  const shown = held.slice(0, SHOWN_MAX);
  return (
    <Panel title="Forfeited, may be released">
      <ul class="list">
        {shown.map((one) => (
          <Row key={`${one.most.holder} ${one.most.unit}`} held={one} />
        ))}
      </ul>
      {held.length > shown.length && (
        <p class="in muted pad-top">
          {held.length - shown.length} more: <code>slipclutch forfeits</code>
        </p>
      )}
    </Panel>
  );
}

function Row({ held }: { readonly held: Held }) {
  const [open, setOpen] = useState(false);
  const hindrance = useHindrance();
  const { forfeits, most } = held;
  const { fenced_at: fenced, host, missing } = most;
  const says = textOf(most);
  return (
    <li>
      <div class="row">
        <b>gateway {host}</b>
        <span class="c-stop strong">{says}</span>
      </div>
      <span class="muted">
        {fenced !== null && (
          <>
            Lost <Moment at={fenced} />.{" "}
          </>
        )}
        Charged to {counted(forfeits.length, "account")}, for the provider may bill it.{" "}
        {missing === null ? "Its process is gone." : `No evidence yet: ${missing}.`}
      </span>
      <div class="row">
        <Link to={journalPath({ kind: "journal.gap" })}>its gap in the journal</Link>
        <button
          type="button"
          class="btn"
          disabled={hindrance !== null}
          title={hindrance ?? undefined}
          onClick={() => setOpen(true)}
        >
          Release {says}
        </button>
      </div>
      {open && <Release held={held} close={() => setOpen(false)} />}
    </li>
  );
}

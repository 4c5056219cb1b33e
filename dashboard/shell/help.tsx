/** All keys, and the switch that turns single ones off. */
import { useState } from "preact/hooks";
import { Dialog } from "../parts/dialog.tsx";
import { keysAreOff, turnKeys } from "./keys.ts";

const KEYS: readonly (readonly [string, readonly string[]])[] = [
  ["Find", ["/"]],
  ["Overview, reviews, budgets", ["g o", "g r", "g b"]],
  ["Incidents, journal", ["g i", "g j"]],
  ["Next, earlier", ["j", "k"]],
  ["Open what is selected", ["Enter"]],
  ["On a review: resume, probe", ["r", "p"]],
  ["Change, deny, end", ["c", "d", "e"]],
  ["Approve; it ran, it did not", ["a", "y", "n"]],
  ["Decide, from the reason", ["Ctrl Enter"]],
  ["Close", ["Esc"]],
  ["These keys", ["?"]],
];

export function Help({ close }: { readonly close: () => void }) {
  const [on, setOn] = useState(!keysAreOff());
  const turn = (event: Event) => {
    if (!(event.currentTarget instanceof HTMLInputElement)) return;
    turnKeys(event.currentTarget.checked);
    setOn(event.currentTarget.checked);
  };
  return (
    <Dialog title="Keys" close={close}>
      <dl class="kv">
        {KEYS.map(([what, keys]) => (
          <>
            <dt key={what}>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </>
        ))}
      </dl>
      <label class="in switch">
        <input type="checkbox" checked={on} onChange={turn} /> Single keys are on. A letter selects;
        it never decides.
      </label>
    </Dialog>
  );
}

/** Releasing a forfeit: what is known of it, what was billed, why, and only then the button. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ReleasedView } from "../../src/control/schemas/money.ts";
import { Refused, send } from "../data/api.ts";
import { refresh } from "../data/cache.ts";
import { useLive } from "../data/hooks.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Fact, Moment } from "../parts/panels.tsx";
import { useSession } from "../shell/session.tsx";
import { toast } from "../shell/toasts.tsx";
import { amountIn } from "../words/budgets.ts";
import { chargedOf, type Forfeit, type Held, isMore, textOf } from "../words/forfeits.ts";
import { amount, larger, nanoOf, sum } from "../words/money.ts";
import { counted } from "../words/numbers.ts";

/** Accounts that are named, those with most charged; the others are counted. */
const ACCOUNTS_MAX = 12;
/** A second press has to come within this. */
const ARMED_MS = 5_000;
const ID_BYTES = 8;
const REASONS = ["Not on the bill", "Checked with the provider", "Its container is gone"];

interface Draft {
  /** As the person writes it, in the unit of the budget. */
  readonly billed: string;
  readonly reason: string;
}

export function Release({ close, held }: { readonly held: Held; readonly close: () => void }) {
  const { most } = held;
  const [id] = useState(newId);
  const [draft, setDraft] = useState<Draft>({ billed: "", reason: "" });
  const [busy, setBusy] = useState(false);
  const [armed, arm] = useState(false);
  const live = useLive().state !== "lost";
  const proven = most.missing === null;
  const left = leftOf(most, draft.billed);
  const off = offBecause({ ...draft, busy, left, live });
  useEffect(() => {
    if (!armed) return;
    const timer = setTimeout(() => arm(false), ARMED_MS);
    return () => clearTimeout(timer);
  }, [armed]);
  const set = (change: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...change }));
    arm(false);
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (off !== null) return;
    if (!proven && !armed) return arm(true);
    setBusy(true);
    if (await release(id, most, draft)) close();
    setBusy(false);
    arm(false);
  };
  const says = `Release ${left ?? textOf(most)}${proven ? "" : " without evidence"}`;
  return (
    <Dialog title={`Release what gateway ${most.host} had held`} close={close}>
      <form class="in release" onSubmit={(event) => void submit(event)}>
        <Evidence held={held} left={left} />
        <Fields unit={most.unit} draft={draft} set={set} />
        <button type="submit" class={proven ? "btn main" : "btn stop"} disabled={off !== null}>
          {armed ? `${says}, press again` : says}
        </button>
        <Note off={off} proven={proven} />
      </form>
    </Dialog>
  );
}

function Note({ off, proven }: { readonly off: string | null; readonly proven: boolean }) {
  const { name, role } = useSession();
  const undone = proven ? "What settles after all is charged in full." : "This cannot be undone.";
  return <p class="fine">{off ?? `As ${name}, ${role}. ${undone}`}</p>;
}

/** What is known of it, and what the worst is that can come of it. */
function Evidence({ held, left }: { readonly held: Held; readonly left: string | null }) {
  const { forfeits, most } = held;
  const { fenced_at: fenced, holder, host, missing, pid } = most;
  const accounts = forfeits.toSorted(
    (one, other) => Number(isMore(other, one)) - Number(isMore(one, other)),
  );
  const shown = accounts.slice(0, ACCOUNTS_MAX);
  return (
    <>
      <dl class="kv">
        <Fact name="Gateway">
          {host}, process {pid}
        </Fact>
        <Fact name="Holder">
          <code>{holder}</code>
        </Fact>
        {fenced !== null && (
          <Fact name="Lost">
            <Moment at={fenced} />
          </Fact>
        )}
        <Fact name="Evidence">
          {missing === null ? "its process is gone" : <span class="c-stop">{missing}</span>}
        </Fact>
        <Fact name="It can cost">
          {missing === null ? (
            "nothing beyond a cap, if the bill is right"
          ) : (
            <b class="c-stop">at most {left ?? textOf(most)} beyond a cap</b>
          )}
        </Fact>
        {shown.map((one) => (
          <Fact key={`${one.budget} ${one.scope}`} name={accountName(one)}>
            {textOf(one)}
          </Fact>
        ))}
        {accounts.length > shown.length && (
          <Fact name={counted(accounts.length - shown.length, "more account")}>less each</Fact>
        )}
      </dl>
      <p class="muted">
        Say what the provider's bill shows of that gateway's calls which the journal does not show
        as settled, or may yet show. So much stays charged on each account; the rest can be spent
        again at once.
      </p>
    </>
  );
}

function accountName({ budget, scope }: Forfeit): string {
  return scope === "" ? budget : `${budget} of ${scope}`;
}

function Fields(props: {
  readonly unit: Forfeit["unit"];
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
}) {
  const { draft, set, unit } = props;
  const reason = useRef<HTMLInputElement>(null);
  const pick = (text: string) => {
    set({ reason: text });
    reason.current?.focus();
  };
  return (
    <>
      <label class="field">
        <span>
          Billed<em class="fine">{unit === "usd" ? "USD" : unit}, 0 if nothing</em>
        </span>
        <input
          type="text"
          inputMode="decimal"
          autocomplete="off"
          maxLength={24}
          value={draft.billed}
          onInput={(event) => set({ billed: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>
          Reason<em class="fine">required, kept in the journal</em>
        </span>
        <input
          ref={reason}
          type="text"
          autocomplete="off"
          maxLength={500}
          value={draft.reason}
          onInput={(event) => set({ reason: event.currentTarget.value })}
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
    </>
  );
}

/** What is given back; null: what was billed is no amount, or not below what is charged. */
function leftOf(most: Forfeit, billed: string): string | null {
  const charged = chargedOf(most);
  const [of, stays] = [nanoOf(charged), nanoOf(billed.trim())];
  const isWhole = most.unit === "usd" || !billed.includes(".");
  if (of === null || stays === null || stays < 0n || stays >= of || !isWhole) return null;
  return amount(most.unit, sum([charged, `-${billed.trim()}`]), "down");
}

function offBecause(state: {
  readonly billed: string;
  readonly reason: string;
  readonly left: string | null;
  readonly live: boolean;
  readonly busy: boolean;
}): string | null {
  if (state.busy) return "Sending.";
  if (!state.live) return "Not live: what is shown here may be old.";
  if (state.billed.trim() === "") return "Say what was billed of it: 0 if nothing was.";
  if (state.left === null) return "What was billed has to be an amount below what is charged.";
  return state.reason.trim() === "" ? "Say why: it is kept in the journal." : null;
}

/** One id for one dialog: sent twice, it is done once. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return `rel_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Whether it was done; what was not stays in the dialog, to be corrected. */
async function release(id: string, most: Forfeit, draft: Draft): Promise<boolean> {
  const { holder, missing, unit } = most;
  const body = {
    ...{ id, holder, reason: draft.reason.trim() },
    [`billed_${unit}`]: draft.billed.trim(),
    ...(missing === null ? {} : { without_evidence: true }),
  };
  let done = true;
  try {
    const answer = await send<ReleasedView>("POST", "/api/v1/forfeits/release", body);
    const releases = answer?.releases ?? [];
    const largest = releases.map((one) => amountIn(unit, one, "released")).reduce(larger, "0");
    const where = counted(releases.length, "account");
    const text = `${amount(unit, largest, "down")} can be spent again, on ${where}.`;
    toast({ good: true, title: "Released.", text });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    done = false;
    toast({ good: false, title: "Not released.", text: `${error.message} ${error.hint}` });
  }
  refresh(true);
  return done;
}

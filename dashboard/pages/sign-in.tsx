/** The door: an operator token, and what is wrong with it if something is. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Refused } from "../data/api.ts";
import { Mark } from "../parts/icons.tsx";
import { counted } from "../words/numbers.ts";

interface Told {
  readonly message: string;
  readonly hint: string;
  /** By the monotonic clock; 0: no need to wait. */
  readonly waitUntil: number;
}

const SECOND = 1_000;

export function SignIn({ signIn }: { readonly signIn: (token: string) => Promise<void> }) {
  const [trouble, setTrouble] = useState<Told | null>(null);
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const waitS = useCountdown(trouble?.waitUntil ?? 0);
  useEffect(() => input.current?.focus(), []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? "";
    if (token === "" || busy || waitS > 0) return;
    setBusy(true);
    try {
      await signIn(token);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      setTrouble(troubleOf(error));
      setBusy(false);
      input.current?.select();
    }
  };
  return (
    <main class="door">
      <form onSubmit={submit}>
        <Brand />
        <h1>Sign in</h1>
        <label class="field">
          <span>
            Operator token<em>begins with sco_</em>
          </span>
          <input
            ref={input}
            type="password"
            name="token"
            autocomplete="current-password"
            spellcheck={false}
            aria-invalid={trouble !== null}
            aria-describedby="door-trouble"
          />
        </label>
        <Trouble trouble={trouble} />
        <button type="submit" class="btn main" disabled={busy || waitS > 0}>
          {waitS > 0 ? `Try again in ${counted(waitS, "second")}` : "Sign in"}
        </button>
        <Where />
      </form>
    </main>
  );
}

function Trouble({ trouble }: { readonly trouble: Told | null }) {
  return (
    <div id="door-trouble" role="alert">
      {trouble !== null && (
        <p>
          <b class="c-stop">{trouble.message}</b> {trouble.hint}
        </p>
      )}
    </div>
  );
}

function Brand() {
  return (
    <p class="brand">
      <Mark />
      <span>Slipclutch</span>
    </p>
  );
}

function Where() {
  return (
    <p class="fine">
      The token of this start is <code>token</code> in <code>control.json</code> of the data folder.
      A lasting one: <code>slipclutch keys create --operator NAME --role operator</code>
    </p>
  );
}

function troubleOf({ hint, message, retryAfter }: Refused): Told {
  const waitMs = (retryAfter ?? 0) * SECOND;
  return { message, hint, waitUntil: waitMs === 0 ? 0 : performance.now() + waitMs };
}

/** Whole seconds until then. */
function useCountdown(until: number): number {
  const [leftMs, set] = useState(0);
  useEffect(() => {
    const tick = () => set(Math.max(0, until - performance.now()));
    tick();
    if (until === 0) return;
    const timer = setInterval(tick, SECOND / 4);
    return () => clearInterval(timer);
  }, [until]);
  return Math.ceil(leftMs / SECOND);
}

/** Answers to the person's own actions: one line, six seconds; what failed stays. */
import { useEffect, useState } from "preact/hooks";
import { Glyph } from "../parts/icons.tsx";

const SHOWN_MS = 6_000;
const TOASTS_MAX = 4;

export interface Toast {
  readonly good: boolean;
  readonly title: string;
  readonly text: string;
}

interface Shown extends Toast {
  readonly id: number;
}

let shown: readonly Shown[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function change(next: readonly Shown[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

export function toast(one: Toast): void {
  lastId += 1;
  const id = lastId;
  change([...shown, { ...one, id }].slice(-TOASTS_MAX));
  if (one.good) setTimeout(() => dismiss(id), SHOWN_MS);
}

function dismiss(id: number): void {
  change(shown.filter((each) => each.id !== id));
}

export function Toasts() {
  const [, redraw] = useState({});
  useEffect(() => {
    const listener = () => redraw({});
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return (
    <div class="toasts">
      {shown.map(({ good, id, text, title }) => (
        <div class="toast" role={good ? "status" : "alert"} key={id}>
          <span class={good ? "c-good" : "c-stop"}>
            <Glyph name={good ? "done" : "failed"} />
          </span>
          <span>
            <b>{title}</b> {text}
          </span>
          <button type="button" class="btn quiet" onClick={() => dismiss(id)}>
            Close
          </button>
        </div>
      ))}
    </div>
  );
}

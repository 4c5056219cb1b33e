/** Keys: a letter selects, it never decides; while typing, letters are letters. */
import { useEffect, useRef } from "preact/hooks";

export type Bindings = Readonly<Record<string, (() => void) | undefined>>;

/** The second key of `g o` has to come within this. */
const SEQUENCE_MS = 1_200;
const OFF = "slipclutch.keys";

export function keysAreOff(): boolean {
  return localStorage.getItem(OFF) === "off";
}

export function turnKeys(on: boolean): void {
  localStorage.setItem(OFF, on ? "on" : "off");
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["radio", "checkbox"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

let leader = { key: "", at: Number.NEGATIVE_INFINITY };

/** What was pressed, as bindings name it: `r`, `g o`, `Ctrl+Enter`. */
function nameOf(event: KeyboardEvent): string {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return "Ctrl+Enter";
  if (event.ctrlKey || event.metaKey || event.altKey) return "";
  const after = performance.now() - leader.at < SEQUENCE_MS ? `${leader.key} ` : "";
  return `${after}${event.key}`;
}

/** These keys do this, as long as the component is there. Later ones win. */
export function useKeys(bindings: Bindings): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const name = nameOf(event);
      const always = name === "Ctrl+Enter" || name === "Escape";
      if (!always && (isTyping(event.target) || keysAreOff() || inDialog(event.target))) return;
      const action = latest.current[name];
      if (action === undefined) return;
      event.preventDefault();
      leader = { key: "", at: Number.NEGATIVE_INFINITY };
      action();
    };
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
}

/** A dialog has keys of its own. */
function inDialog(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("dialog[open]") !== null;
}

/** The first key of a sequence, remembered for all; listens after everybody else. */
export function useLeader(): void {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.key !== "g" || event.ctrlKey || event.metaKey) return;
      if (!isTyping(event.target) && !keysAreOff()) leader = { key: "g", at: performance.now() };
    };
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
}

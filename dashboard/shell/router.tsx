/** The address as it changes: it says what is shown, so that every view can be sent on. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

const MOVED = "slipclutch:moved";

/** Goes there without loading anything again. */
export function go(path: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", path);
  else history.replaceState(null, "", path);
  dispatchEvent(new Event(MOVED));
}

export interface Place {
  readonly pathname: string;
  readonly search: string;
}

const here = (): Place => ({ pathname: location.pathname, search: location.search });

/** The address, as it changes. */
export function usePlace(): Place {
  const [place, set] = useState(here);
  useEffect(() => {
    const listener = () => set(here());
    addEventListener("popstate", listener);
    addEventListener(MOVED, listener);
    return () => {
      removeEventListener("popstate", listener);
      removeEventListener(MOVED, listener);
    };
  }, []);
  return place;
}

/** A link of this dashboard; with a modifier or another button the browser does what it does. */
export function Link(props: {
  readonly to: string;
  readonly class?: string;
  readonly current?: boolean;
  readonly label?: string;
  readonly children: ComponentChildren;
}) {
  const click = (event: MouseEvent) => {
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!plain || event.button !== 0 || event.defaultPrevented) return;
    event.preventDefault();
    go(props.to);
  };
  return (
    <a
      href={props.to}
      class={props.class}
      aria-current={props.current ? "page" : undefined}
      aria-label={props.label}
      onClick={click}
    >
      {props.children}
    </a>
  );
}

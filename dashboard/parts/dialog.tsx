/** What floats: the browser's own dialog, which traps the focus and gives it back. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export function Dialog(props: {
  readonly title: string;
  readonly class?: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const outside = (event: MouseEvent) => {
    if (event.target === dialog.current) props.close();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, which is the browser's doing.
    <dialog
      ref={dialog}
      class={props.class ?? ""}
      aria-labelledby={id}
      onClose={props.close}
      onClick={outside}
    >
      <div class="sheet">
        <header>
          <h2 id={id}>{props.title}</h2>
          <button type="button" class="btn quiet" onClick={props.close}>
            Close
          </button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}

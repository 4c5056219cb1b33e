import type { ComponentChildren } from "preact";

/** A key as a hint for the eye: readers of screens have the list of keys instead. */
export function Key({ children }: { readonly children: ComponentChildren }) {
  return (
    <span class="key" aria-hidden="true">
      <kbd>{children}</kbd>
    </span>
  );
}

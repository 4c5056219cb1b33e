import type { ComponentChildren } from "preact";

/** A name, and what it is like: `r` for numbers, `wide-only` for what falls away first. */
export type Column = readonly [name: string, kind?: string];

/** A real table: on a phone its rows are drawn in two columns, and stay rows to who listens. */
export function Table(props: {
  readonly class?: string;
  readonly columns: readonly Column[];
  readonly children: ComponentChildren;
}) {
  return (
    <div class="tw">
      <table class={`rows ${props.class ?? ""}`}>
        <thead>
          <tr>
            {props.columns.map(([name, kind]) => (
              <th key={name} class={kind}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}

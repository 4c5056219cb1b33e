/** What of a module can be evaluated. `visit` of an evaluation is told some of these places. */
import { visitRule } from "./checks/visit.ts";
import type { Module, Position } from "./syntax/ast.ts";

export interface Evaluable {
  /** Counts where its rule had a value. */
  readonly heads: readonly Position[];
  /** Of the lines of bodies, however deep; each counts where it was tried. */
  readonly lines: readonly Position[];
}

export function evaluableParts({ rules }: Module): Evaluable {
  const heads: Position[] = [];
  const lines: Position[] = [];
  for (const rule of rules) {
    visitRule(rule, {
      rule: ({ head }) => heads.push(head.at),
      expression: ({ at, kind }) => {
        // `some x` declares, and does nothing by itself.
        if (kind !== "some") lines.push(at);
      },
    });
  }
  return { heads, lines };
}

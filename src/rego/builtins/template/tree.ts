/** The part of Go's text/template that is understood here, as a tree. */

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly what: Expression }
  | { readonly kind: "declare"; readonly name: string; readonly what: Expression }
  | Block;

export interface Block {
  readonly kind: "if" | "with" | "range";
  /** Variables of the block; of `range` with two names the first is the key. */
  readonly names: readonly string[];
  readonly what: Expression;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

export type Expression =
  /** `.` is the empty name, `$` and `$x` are variables by their names. */
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "field"; readonly of: Expression; readonly name: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "whole"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "call"; readonly name: string; readonly operands: readonly Expression[] };

export const DOT = "";
export const ROOT = "$";

/** What a format says about one argument, as Go's `fmt` has it: `%[2]-08.3f`. */

export interface Directive {
  /** One character, which may be any. */
  readonly verb: string;
  readonly plus: boolean;
  readonly minus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  /** Zeros instead of spaces, on the left only. */
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

export const PLAIN: Directive = {
  verb: "v",
  plus: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
};

/** What is formatted, by the type that OPA gives to Go. */
export type Argument =
  | { readonly kind: "text"; readonly type: string; readonly text: string }
  | { readonly kind: "integer"; readonly type: "int64" | "int"; readonly value: bigint }
  | { readonly kind: "large"; readonly type: "*big.Int"; readonly value: bigint }
  | { readonly kind: "fraction"; readonly type: "float64"; readonly value: number }
  | { readonly kind: "boolean"; readonly type: "bool"; readonly value: boolean };

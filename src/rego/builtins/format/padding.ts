/** Widths, counted in code points. */
import { codePointCount } from "../code-points.ts";
import type { Directive } from "./directive.ts";

/** Zeros fill a text too. */
export function padded(text: string, { width = 0, minus, zero }: Directive): string {
  const missing = width - codePointCount(text);
  if (missing <= 0) return text;
  if (minus) return text + " ".repeat(missing);
  return (zero ? "0" : " ").repeat(missing) + text;
}

export function paddedWithSpaces(text: string, directive: Directive): string {
  return padded(text, { ...directive, zero: false });
}

/**
 * The names in the input of policies, for whoever writes one: made from its type by
 * `scripts/reference.ts`, as docs/reference/policy-input.md is.
 */
import { otherName } from "./issues.ts";
import document from "./policy-input.generated.json" with { type: "json" };

/** `*` stands for any name or place; `true`: what is below it is not known here. */
type Known = true | { readonly [name: string]: Known };

const ANY = "*";

export interface UnknownField {
  /** `input.task.cals` */
  readonly field: string;
  readonly hint: string;
}

/**
 * The first name of a path below `input` that no input has; null: it may be there. A part that is
 * no constant text is null.
 */
export function unknownField(path: readonly (string | null)[]): UnknownField | null {
  // `as`: it is made of `true` and maps, and JSON's `true` is any boolean to the compiler.
  let known = document as Known;
  let field = "input";
  for (const name of path) {
    if (known === true) return null;
    field += name === null ? "[_]" : `.${name}`;
    const below: Known | undefined = belowOf(known, name);
    if (below !== undefined) known = below;
    // A part that may be anything is looked for nowhere.
    else return name === null ? null : { field, hint: otherName(name, Object.keys(known)) };
  }
  return null;
}

function belowOf(known: Exclude<Known, true>, name: string | null): Known | undefined {
  return name !== null && Object.hasOwn(known, name) ? known[name] : known[ANY];
}

/**
 * What the parser makes of a module's text, as it was written: nothing is resolved, rewritten or
 * checked yet. One shape for both dialects.
 */
import type { Value } from "../values/value.ts";

/** Where something begins. Rows and columns count from 1, columns in code points. */
export interface Position {
  readonly file: string;
  readonly row: number;
  readonly col: number;
}

export type Dialect = "v0" | "v1";

export interface Module {
  readonly file: string;
  readonly dialect: Dialect;
  /** `["data", "agent", "authz"]`: what `package agent.authz` is a reference to. */
  readonly package: readonly string[];
  readonly packageAt: Position;
  readonly imports: readonly Import[];
  readonly rules: readonly Rule[];
  /** Metadata blocks, in order. */
  readonly annotations: readonly Annotation[];
}

export interface Import {
  readonly at: Position;
  /** `["data", "x", "y"]`, `["input", "a"]`, `["rego", "v1"]`, `["future", "keywords", "in"]`. */
  readonly path: readonly string[];
  readonly alias?: string;
}

/** A `# METADATA` block, its YAML not read yet, and where what follows it begins. */
export interface Annotation {
  readonly at: Position;
  readonly yaml: string;
  /** What it stands before; undefined at the end of a file. */
  readonly target?: Position;
}

/**
 * One rule. Several bodies behind one head (`p { … } { … }`) are several rules; an `else` is the
 * next of its chain.
 */
export interface Rule {
  readonly at: Position;
  readonly isDefault: boolean;
  readonly head: Head;
  /** Empty means none was written, which is `true`. */
  readonly body: Body;
  readonly otherwise?: Rule;
}

/**
 * `p`, `a.b[x].c`, `f(x, y)`, each with a value; or `s contains x`, which is `set`. In v0 `p[x]`
 * without a value is the set of `x`, and `p.q` with a body and without a value the set of "q".
 * `p[x] = y` and dotted heads with a value are `value`. What was not written is `true` for a value.
 */
export interface Head {
  readonly at: Position;
  readonly kind: "value" | "set";
  /** The name and what follows it, without the element of a set. */
  readonly name: string;
  readonly path: readonly Term[];
  /** Of a function; an empty list is one too (`f()`). */
  readonly parameters?: readonly Term[];
  /** Of a set, its element; else the value. */
  readonly value: Term;
  /** `:=` or `=` before the value; undefined when no value was written. */
  readonly assigned?: ":=" | "=";
}

export type Body = readonly Expression[];

interface Located {
  readonly at: Position;
}

/** One line of a body. `not`, `with` and the rest as written. */
export type Expression = Located & {
  readonly negated: boolean;
  readonly with: readonly With[];
} & (
    | {
        readonly kind: "term";
        readonly term: Term;
        /** Was written with `:=`; set when that becomes `=`. */
        readonly assigned?: boolean;
      }
    /** `some x, y` */
    | { readonly kind: "some"; readonly names: readonly Variable[] }
    /** `some k, v in xs`: the patterns may be any terms. */
    | {
        readonly kind: "some-in";
        readonly key?: Term;
        readonly value: Term;
        readonly domain: Term;
      }
    | {
        readonly kind: "every";
        readonly key?: Variable;
        readonly value: Variable;
        readonly domain: Term;
        readonly body: Body;
      }
    /** `not { … }` and, under `rego.v2`, `not` of one expression: `negated` is false here. */
    | { readonly kind: "not-body"; readonly body: Block }
    /** `a or b`, `a and b`, each side a body; what binds tighter is nested. */
    | { readonly kind: "and" | "or"; readonly left: Block; readonly right: Block }
  );

/** `explicit`: written in braces, so that it may declare variables of its own. */
export interface Block {
  readonly explicit: boolean;
  readonly body: Body;
}

export type StandIn = "function" | "rule";

export interface With {
  readonly at: Position;
  /** A reference that starts at `input` or `data`, or the name of a function or built-in. */
  readonly target: Term;
  readonly value: Term;
  /** What the value names that stands in for a function; set by rewriting. */
  readonly standsIn?: StandIn;
}

export interface Variable extends Located {
  readonly kind: "variable";
  /** Each `_` has a name of its own, which begins with `$`. */
  readonly name: string;
}

export type Term =
  | (Located & { readonly kind: "scalar"; readonly value: Value })
  | Variable
  /** `head` is a variable, a call, a literal or a comprehension; there is at least one part. */
  | (Located & { readonly kind: "ref"; readonly head: Term; readonly parts: readonly Term[] })
  | Call
  | (Located & { readonly kind: "array"; readonly elements: readonly Term[] })
  | (Located & { readonly kind: "set"; readonly elements: readonly Term[] })
  | (Located & {
      readonly kind: "object";
      readonly entries: readonly (readonly [Term, Term])[];
    })
  | (Located & {
      readonly kind: "array-comprehension" | "set-comprehension";
      readonly term: Term;
      readonly body: Body;
    })
  | (Located & {
      readonly kind: "object-comprehension";
      readonly key: Term;
      readonly value: Term;
      readonly body: Body;
    })
  /** `$"…{term}…"`: texts and terms as they follow one another. */
  | (Located & { readonly kind: "template"; readonly parts: readonly TemplatePart[] });

export type TemplatePart = string | Term | Modified;

/** `{term with … as …}` in a template, and nowhere else. */
export interface Modified extends Located {
  readonly kind: "modified";
  readonly term: Term;
  readonly with: readonly With[];
}

/**
 * A function by its dotted name as written (`startswith`, `io.jwt.decode`, `data.lib.f`), or an
 * operator by its built-in: `:=` assign, `=` eq, `==` equal, `!=` neq, `<` lt, `<=` lte, `>` gt,
 * `>=` gte, `+` plus, `-` minus, `*` mul, `/` div, `%` rem, `&` and, `|` or; `in` is
 * internal.member_2 and with a key internal.member_3.
 */
export interface Call extends Located {
  readonly kind: "call";
  /** A variable or a reference of constant texts. */
  readonly operator: Term;
  readonly operands: readonly Term[];
  /** Written between its operands. */
  readonly infix: boolean;
}

/** The terms that have a body and make a value of its solutions. */
export type Comprehension = Extract<
  Term,
  { kind: "array-comprehension" | "set-comprehension" | "object-comprehension" }
>;

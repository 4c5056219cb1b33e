/** The words and signs that a policy's text is made of. */

export interface Token {
  readonly kind: "name" | "number" | "text" | "template" | "sign" | "end" | "illegal";
  /** A text's value, else what is written; for `illegal` what is wrong with it. */
  readonly text: string;
  readonly row: number;
  readonly col: number;
  /** Whether something blank, or a comment, is before it. */
  readonly spaced: boolean;
  /** Whether a line ended before it. */
  readonly newline: boolean;
  /** Of a part of a template: whether the template ends here, not at the `{` of a term. */
  readonly last?: boolean;
}

export interface Comment {
  /** What is behind the `#`. */
  readonly text: string;
  readonly row: number;
  readonly col: number;
}

/** Words that are keywords in every module. */
export const ALWAYS: ReadonlySet<string> = new Set([
  "package",
  "import",
  "as",
  "default",
  "else",
  "not",
  "some",
  "with",
  "null",
  "true",
  "false",
]);

/** What v1 has of its own, and v0 by `import rego.v1` or `import future.keywords`. */
export const SINCE_V1: readonly string[] = ["contains", "every", "if", "in"];

/** What both dialects have only by an import; `not` gets bodies by it. */
export const SINCE_V2: readonly string[] = ["and", "not", "or"];

/** What OPA calls the signs in its messages. */
export const SIGN_NAMES: Readonly<Record<string, string>> = {
  ":=": "assign",
  "=": "eq",
  "==": "equal",
  "!=": "neq",
  "<": "lt",
  "<=": "lte",
  ">": "gt",
  ">=": "gte",
  "+": "plus",
  "-": "minus",
  "*": "mul",
  "/": "div",
  "%": "rem",
  "&": "and",
  "|": "or",
};

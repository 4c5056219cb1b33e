/** What to write instead, for what people write that Rego does not read. */
import type { LoadProblem } from "../errors.ts";
import type { Token } from "./tokens.ts";

interface Place {
  /** The token where the statement begins, and the one that cannot be read any more. */
  readonly start: number;
  readonly end: number;
  readonly isKeyword: (word: string) => boolean;
}

/** Undefined where nothing better is known than the message. */
export function hintFor(
  tokens: readonly Token[],
  { start, end, isKeyword }: Place,
  { message, at }: LoadProblem,
): string | undefined {
  const token = tokens[end];
  if (token === undefined || token.row !== at.row || token.col !== at.col) return undefined;
  if (token.kind === "illegal") return illegalHint(token);
  const pair = pairHint(tokens[end - 1], token) ?? pairHint(token, tokens[end + 1]);
  if (pair !== undefined) return pair;
  const isActive = token.kind === "name" && isKeyword(token.text);
  if (isActive && message.endsWith("rule name")) return STARTS.get(token.text) ?? OTHER_NAME;
  const word = token.kind !== "name" ? undefined : (isActive ? KEYWORDS : WORDS).get(token.text);
  const said = MESSAGES.find(([pattern]) => pattern.test(message))?.[1];
  return word ?? said ?? bracketHint(tokens.slice(start, end), token) ?? placeHint(tokens, end);
}

const ILLEGAL: readonly (readonly [RegExp, string])[] = [
  [/^illegal ! /, "write `not x` for a negation, `x != y` to compare"],
  [/U\+0027|U\+201[89CD]/, 'texts stand in double quotes: `"…"`'],
  [/^non-terminated/, 'close it with `"` on the same line; a text of several lines stands in `…`'],
  [/^illegal escape/, "write `\\\\` for a backslash, or the text in `…`, where nothing is escaped"],
  [/^illegal \$ /, '`$` stands only before a text with terms in it: `$"…{x}…"`'],
];

function illegalHint({ text }: Token): string | undefined {
  return ILLEGAL.find(([pattern]) => pattern.test(text))?.[1];
}

/** Operators of other languages, which are two signs here. */
const PAIRS: ReadonlyMap<string, string> = new Map([
  ["&&", "write each condition on a line of its own, or `import rego.v2` for `x and y`"],
  ["||", "write a further rule with the same head, or `import rego.v2` for `x or y`"],
  ["===", "write `==`"],
  ["!==", "write `!=`"],
  ["=>", "write `>=` to compare, `if` before a body"],
  ["==>", "write `if` before a body"],
  ["//", "a comment begins with `#`"],
  ["/*", "a comment begins with `#`"],
  ["++", "there is no `++`: a variable has one value"],
  ["+=", "there is no `+=`: a variable has one value"],
  ["-=", "there is no `-=`: a variable has one value"],
  [";}", "no `;` before `}`"],
  [";;", "one `;` is enough"],
  [",,", "one `,` is enough"],
]);

function pairHint(before: Token | undefined, token: Token | undefined): string | undefined {
  if (before?.kind !== "sign" || token?.kind !== "sign") return undefined;
  const pair = before.text + token.text;
  return token.spaced && pair !== ";}" ? undefined : PAIRS.get(pair);
}

/** Names that are keywords only where they are imported, or nowhere. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["and", "`import rego.v2` or `import future.keywords.and` for `x and y` expressions"],
  ["or", "`import rego.v2` or `import future.keywords.or` for `x or y` expressions"],
  ["in", "`import future.keywords.in` for `x in xs` expressions"],
  ["if", "`import future.keywords.if` for rules with `if`"],
  ["contains", "`import future.keywords.contains` for rules with `contains`"],
  ["every", "`import future.keywords.every` for `every x in xs { … }` expressions"],
  ["elif", "write `else := … if { … }`"],
  ["return", "a rule has the value that stands behind its `:=`"],
]);

/** Keywords where none of them can stand. */
const KEYWORDS: ReadonlyMap<string, string> = new Map([
  ["if", "`if` stands only before the body of a rule"],
  ["in", "what is searched stands behind `in`: `x in xs`"],
  ["import", "imports stand outside of rules"],
  ["else", "an `else` stands behind the body of its rule"],
]);

const OTHER_NAME = "choose another name";

/** Keywords where a rule should begin. */
const STARTS: ReadonlyMap<string, string> = new Map([
  ["not", "conditions stand in the body of a rule"],
  ["else", "an `else` stands behind the body of its rule"],
]);

const MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/missing body$/, "write `every x in xs { … }`"],
  [/expected as keyword$/, "write `with input.x as value`"],
  [/^unexpected , token: expected .n or ;/, "write each condition on a line of its own"],
];

/** What a word means that stands where a module has a name alone, if it is known. */
export function wordHint(word: string): string | undefined {
  return WORDS.get(word);
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** The bracket that is still open where the text ends, or where another one is closed. */
function bracketHint(before: readonly Token[], { kind, text, newline }: Token): string | undefined {
  const closes = kind === "sign" && ")]}".includes(text);
  if (kind !== "end" && !closes && !newline) return undefined;
  const open = lastOpen(before);
  if (open === undefined && closes) return `no bracket is open that \`${text}\` could close`;
  if (open === undefined) return undefined;
  if (closes && CLOSING[open.text] === text) return undefined;
  return `\`${open.text}\` of ${open.row}:${open.col} is not closed`;
}

function lastOpen(tokens: readonly Token[]): Token | undefined {
  const open: Token[] = [];
  for (const token of tokens) {
    if (token.kind !== "sign") continue;
    if (Object.hasOwn(CLOSING, token.text)) open.push(token);
    if (")]}".includes(token.text)) open.pop();
  }
  return open.at(-1);
}

/** By what stands before it. */
function placeHint(tokens: readonly Token[], end: number): string | undefined {
  const token = tokens[end];
  const before = tokens[end - 1];
  if (token?.kind === "sign" && token.text === ":=") {
    return "`:=` assigns once, on a line of its own in a body";
  }
  if (token?.kind === "sign" && token.text === ";") return "no `;` between rules or after them";
  return before?.kind === "name" && token?.kind !== "name" ? AFTER.get(before.text) : undefined;
}

const AFTER: ReadonlyMap<string, string> = new Map([
  ["if", "a body stands behind `if`: `if { … }`, or one expression"],
  ["in", "what is searched stands behind `in`: `x in xs`"],
  ["as", "a value stands behind `as`"],
  ["else", "a value or a body stands behind `else`"],
]);

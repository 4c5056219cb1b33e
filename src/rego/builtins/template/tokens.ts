/** A template cut into the texts between its actions, and these into tokens. */
import { refused } from "../operands.ts";

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly string[] };

/** A path is one token, with all its fields; so is `)` with what follows it. */
const TOKEN =
  /\s+|\$?\w*(?:\.[A-Za-z_]\w*)+|\$\w*|\.(?!\w)|\)(?:\.[A-Za-z_]\w*)*|\(|:=|,|"(?:[^"\\\n]|\\.)*"|`[^`]*`|\w+/y;

export function piecesOf(template: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trims = false;
  for (let open = template.indexOf("{{"); open >= 0; open = template.indexOf("{{", at)) {
    const before = template.slice(at, open);
    const action = actionAt(template, open + 2);
    pieces.push({ kind: "text", text: trimmedText(before, trims, action.trimsBefore) });
    if (action.tokens.length > 0) pieces.push({ kind: "action", tokens: action.tokens });
    at = action.end;
    trims = action.trimsAfter;
  }
  pieces.push({ kind: "text", text: trimmedText(template.slice(at), trims, false) });
  return pieces;
}

const SPACE = "[ \\t\\r\\n]+";

function trimmedText(text: string, atStart: boolean, atEnd: boolean): string {
  const start = atStart ? text.replace(new RegExp(`^${SPACE}`), "") : text;
  return atEnd ? trimmedEnd(start) : start;
}

function trimmedEnd(text: string): string {
  let end = text.length;
  while (end > 0 && " \t\r\n".includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

interface Action {
  /** None of a comment. */
  readonly tokens: readonly string[];
  readonly end: number;
  readonly trimsBefore: boolean;
  readonly trimsAfter: boolean;
}

const CLOSING = /(?:[ \t\r\n]-)?\}\}/y;
const COMMENT = /\/\*[\s\S]*?\*\//y;

function actionAt(template: string, start: number): Action {
  const trimsBefore = /^-[ \t\r\n]/.test(template.slice(start, start + 2));
  let at = trimsBefore ? start + 2 : start;
  const tokens: string[] = [];
  let before = " ";
  const comment = matched(COMMENT, template, at);
  at += comment.length;
  for (;;) {
    const closing = matched(CLOSING, template, at);
    if (closing !== "") {
      if (tokens.length === 0 && comment === "") throw refusedTemplate("an empty action");
      const trimsAfter = closing.length > 2;
      return { tokens, end: at + closing.length, trimsBefore, trimsAfter };
    }
    const token = matched(TOKEN, template, at);
    if (token === "" || comment !== "" || touches(before, token)) {
      throw refusedTemplate(`what begins with ${JSON.stringify(template.slice(at, at + 10))}`);
    }
    if (token.trim() !== "") tokens.push(token);
    at += token.length;
    before = token;
  }
}

/** Operands stand apart. */
function touches(before: string, token: string): boolean {
  return !/^(?:\s|\(|,|:=)/.test(before) && !/^(?:\s|\)|,|:=)/.test(token);
}

function matched(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

/** Nothing stands in for what is not understood, whether Go would understand it or not. */
export function refusedTemplate(what: string): Error {
  return refused(`strings.render_template: ${what} is not supported here`);
}

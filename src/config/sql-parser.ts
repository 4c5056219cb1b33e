/**
 * PostgreSQL's own grammar, as the optional package libpg-query has it. Only who has tools that
 * take SQL needs it, and it is loaded for them alone.
 */
import { createRequire } from "node:module";
import { type ReadSql, statementOf, unreadable } from "../guards/sql/statement.ts";

/** A longer text is not read: one of these takes about 20 ms. */
const SQL_CHARACTERS_MAX = 16_384;
/**
 * The parser recurses over its tree, and one that has run out of its stack is broken for good: at
 * about 3000 of these words in the dearest spelling. Each level takes at least one of them.
 */
const NESTING_WORDS_MAX = 1000;

/** Tokens that cannot open a level: names, values, commas and what closes. */
const FLAT = /^(?:IDENT|SCONST|ICONST|FCONST|PARAM|ASCII_44|ASCII_41|SQL_COMMENT|C_COMMENT)$/;
const FLAT_TEXTS = new Set([".", "]"]);

/** What is used of the package. */
interface Parser {
  loadModule(): Promise<void>;
  parseSync(text: string): unknown;
  scanSync(text: string): {
    readonly tokens: readonly { readonly tokenName: string; readonly text: string }[];
  };
}

/** Null: it is not installed, or nothing mentions SQL. */
export type SqlReader = ReadSql | null;

/** For `hint` where a folder needs it and it is not there. */
export const SQL_PARSER_HINT =
  "Install PostgreSQL's grammar where slipclutch is installed: npm install libpg-query@18";

export async function sqlReaderFor(files: ReadonlyMap<string, string>): Promise<SqlReader> {
  if (![...files.values()].some((text) => text.includes("sql"))) return null;
  const parser = installed();
  if (parser === null) return null;
  await parser.loadModule();
  return rememberingLast((text) => readSql(text, parser));
}

/** One call is looked at several times over, and a long text takes a while to parse. */
export function rememberingLast(read: ReadSql): ReadSql {
  let last: { readonly text: string; readonly statement: ReturnType<ReadSql> } | null = null;
  return (text) => {
    if (last?.text !== text) last = { text, statement: read(text) };
    return last.statement;
  };
}

function installed(): Parser | null {
  const load = createRequire(import.meta.url);
  try {
    // What this package exports, by its own types.
    return load("libpg-query") as Parser;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND") return null;
    throw error;
  }
}

function readSql(text: string, parser: Parser): ReturnType<ReadSql> {
  const why = unreadText(text);
  if (why !== null) return unreadable(why);
  try {
    if (nestingWordsOf(text, parser) > NESTING_WORDS_MAX) {
      return unreadable(`SQL with more than ${NESTING_WORDS_MAX} operators and keywords`);
    }
    return statementOf(parser.parseSync(text));
  } catch (error) {
    // Anything else is a parser that is broken, which nobody may take for an answer.
    if (!(error instanceof Error) || error.name !== "SqlError") throw error;
    return unreadable("SQL that does not parse");
  }
}

/** Texts that two programs could read in two ways, or that take too long; null: none of these. */
function unreadText(text: string): string | null {
  if (text.length > SQL_CHARACTERS_MAX) return `more than ${SQL_CHARACTERS_MAX} characters of SQL`;
  // The parser ends at the first, and replaces the second.
  if (text.includes("\0") || !text.isWellFormed()) return "characters that SQL cannot have";
  // Whether the quote ends the text depends on standard_conforming_strings of the database.
  if (text.includes("\\'")) return "a backslash before a quote";
  return text.trim() === "" ? "no statement" : null;
}

function nestingWordsOf(text: string, parser: Parser): number {
  // Each word has at least one character.
  if (text.length <= NESTING_WORDS_MAX) return 0;
  const { tokens } = parser.scanSync(text);
  return tokens.filter(({ text: word, tokenName }) => {
    return !FLAT.test(tokenName) && !FLAT_TEXTS.has(word);
  }).length;
}

/**
 * What one SQL text does, by its parse tree: whether it only reads, and which tables it names.
 *
 * It reads if all of it is understood (`grammar.ts`), nothing in it changes or locks rows, and
 * every function, type and operator in it is one of PostgreSQL's own that changes nothing. All else
 * is a write: a doubt is never a read.
 */
import { isBuiltInType, isPureFunction } from "./functions.ts";
import { fieldsOf, isChange } from "./grammar.ts";

export interface Statement {
  /** What in it writes, in words; null: it only reads. */
  readonly writes: string | null;
  /** In small letters and without their schemas; null: not all of them can be known. */
  readonly tables: readonly string[] | null;
}

/** Of a SQL text. */
export type ReadSql = (text: string) => Statement;

/** Longest name that is told. */
const TOLD_CHARACTERS_MAX = 64;

const EXPLAIN_OPTIONS = new Set(["verbose", "costs", "format", "settings", "generic_plan"]);
const SAMPLING_METHODS = new Set(["system", "bernoulli"]);
/** What can stand alone. */
const STATEMENTS = new Set(["SelectStmt", "ExplainStmt", "VariableShowStmt"]);

type Fields = Readonly<Record<string, unknown>>;
/** Names that stand for queries of WITH, where a node is. */
type Scope = ReadonlySet<string>;

interface Visit {
  readonly kind: string;
  readonly node: Fields;
  readonly scope: Scope;
}

interface Walk {
  readonly ahead: Visit[];
  readonly tables: Set<string>;
  /** The first that changes something. */
  change: string | null;
  /** The first of which nobody knows what it does. */
  unknown: string | null;
}

/** For a text that has no tree. */
export function unreadable(why: string): Statement {
  return { writes: why, tables: null };
}

/** `tree`: what the parser made of the text, `{ stmts: [{ stmt }] }`. */
export function statementOf(tree: unknown): Statement {
  const statements = isMap(tree) ? tree.stmts : undefined;
  if (!Array.isArray(statements)) return unreadable("SQL that cannot be read");
  const [only, ...more] = statements;
  if (more.length > 0) return unreadable("several statements");
  const top = isMap(only) ? namedNode(only.stmt) : null;
  if (top === null) return unreadable("no statement");
  const [kind, node] = top;
  if (!STATEMENTS.has(kind) && !isChange(kind)) return unreadable(wordsFor(kind));
  const walk: Walk = { ahead: [], tables: new Set(), change: null, unknown: null };
  walk.ahead.push({ kind, node, scope: new Set() });
  // Each node of the tree once: the tree is as large as a text that has a limit.
  for (let next = walk.ahead.pop(); next !== undefined; next = walk.ahead.pop()) visit(next, walk);
  const { change, tables, unknown } = walk;
  return {
    writes: change ?? unknown,
    tables: unknown === null ? [...tables].sort() : null,
  };
}

function visit({ kind, node, scope }: Visit, walk: Walk): void {
  const fields = fieldsOf(kind);
  if (fields === null) return notKnown(wordsFor(kind), walk);
  if (isChange(kind)) walk.change ??= wordsFor(kind);
  const doubt = doubtOf(kind, node);
  if (doubt !== null) notKnown(doubt, walk);
  if (kind === "RangeVar") nameTable(node, scope, walk);

  const inner = scopeWithin(node, scope, walk);
  for (const [name, value] of Object.entries(node)) {
    const field = fields[name];
    if (field === undefined) notKnown(wordsFor(name), walk);
    else if (field === "parts") visitParts(value, inner, walk);
    else if (field === "WithClause" || field === "plain") continue;
    // What is changed is a table, whatever the queries of WITH are called.
    else visitStruct(field, value, { scope: name === "relation" ? NO_NAMES : inner, walk });
  }
}

const NO_NAMES: Scope = new Set();

function visitParts(value: unknown, scope: Scope, walk: Walk): void {
  for (const part of Array.isArray(value) ? value : [value]) {
    // An entry of a list that is left out: DISTINCT without ON has one.
    if (isMap(part) && Object.keys(part).length === 0) continue;
    const named = namedNode(part);
    if (named === null) notKnown("SQL that cannot be read", walk);
    else walk.ahead.push({ kind: named[0], node: named[1], scope });
  }
}

function visitStruct(kind: string, node: unknown, { scope, walk }: { scope: Scope; walk: Walk }) {
  if (isMap(node)) walk.ahead.push({ kind, node, scope });
  else notKnown("SQL that cannot be read", walk);
}

/**
 * A query of WITH sees those before it; with RECURSIVE all of them, itself too. A name that it
 * does not see is a table's.
 */
function scopeWithin(node: Fields, scope: Scope, walk: Walk): Scope {
  const clause = node.withClause;
  if (clause === undefined) return scope;
  const known = fieldsOf("WithClause") ?? {};
  if (!isMap(clause) || Object.keys(clause).some((name) => !Object.hasOwn(known, name))) {
    notKnown("WITH", walk);
    return scope;
  }
  const queries = Array.isArray(clause.ctes) ? clause.ctes : [];
  const nameOf = (query: unknown) => {
    const [, fields] = namedNode(query) ?? [];
    return typeof fields?.ctename === "string" ? [fields.ctename] : [];
  };
  let seen = new Set(clause.recursive === true ? [...scope, ...queries.flatMap(nameOf)] : scope);
  for (const query of queries) {
    visitParts(query, seen, walk);
    seen = new Set([...seen, ...nameOf(query)]);
  }
  return seen;
}

function nameTable(node: Fields, scope: Scope, walk: Walk): void {
  const { relname, schemaname } = node;
  if (typeof relname !== "string") return notKnown("a table without a name", walk);
  if (schemaname === undefined && scope.has(relname)) return;
  walk.tables.add(relname.toLowerCase());
}

/** What of a node that is understood may still run what its owner wrote; null: nothing. */
function doubtOf(kind: string, node: Fields): string | null {
  switch (kind) {
    case "FuncCall": {
      const name = partsOf(node.funcname);
      return isPureFunction(name) ? null : `function ${told(name)}`;
    }
    case "TypeName": {
      const name = partsOf(node.names);
      return isBuiltInType(name) ? null : `type ${told(name)}`;
    }
    case "A_Expr":
      return operatorDoubt(node.name);
    case "SubLink":
      return operatorDoubt(node.operName ?? []);
    case "SortBy":
      return operatorDoubt(node.useOp ?? []);
    case "RangeTableSample": {
      const name = partsOf(node.method);
      const isKnown = name.length === 1 && SAMPLING_METHODS.has(name[0] ?? "");
      return isKnown ? null : `TABLESAMPLE ${told(name)}`;
    }
    case "DefElem": {
      const name = String(node.defname);
      return EXPLAIN_OPTIONS.has(name) ? null : `EXPLAIN ${told([name])}`;
    }
    default:
      return null;
  }
}

/** An operator that names its schema may be anybody's. */
function operatorDoubt(name: unknown): string | null {
  const [first, second] = partsOf(name);
  return second === undefined || first === "pg_catalog" ? null : `operator ${told([first ?? ""])}`;
}

function notKnown(what: string, walk: Walk): void {
  walk.unknown ??= what;
}

/** `{ Kind: { … } }` */
function namedNode(value: unknown): readonly [kind: string, node: Fields] | null {
  if (!isMap(value)) return null;
  const [only, ...more] = Object.entries(value);
  if (only === undefined || more.length > 0) return null;
  const [kind, node] = only;
  return isMap(node) ? [kind, node] : null;
}

/** A name in parts, as a list of texts of the tree. */
function partsOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return ["?", "?", "?"];
  return value.map((part) => {
    const [, node] = namedNode(part) ?? [];
    return typeof node?.sval === "string" ? node.sval : "?";
  });
}

function told(name: readonly string[]): string {
  const whole = name.join(".");
  return whole.length > TOLD_CHARACTERS_MAX ? `${whole.slice(0, TOLD_CHARACTERS_MAX)}…` : whole;
}

const WORDS: Readonly<Record<string, string>> = {
  InsertStmt: "INSERT",
  UpdateStmt: "UPDATE",
  DeleteStmt: "DELETE",
  MergeStmt: "MERGE",
  LockingClause: "a lock of rows",
  intoClause: "INTO",
};

/** "CreateTableAsStmt" → "create table as". */
function wordsFor(kind: string): string {
  const own = Object.hasOwn(WORDS, kind) ? WORDS[kind] : undefined;
  const split = kind.replace(/Stmt$/, "").replaceAll("_", " ");
  return own ?? told([split.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase()]);
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

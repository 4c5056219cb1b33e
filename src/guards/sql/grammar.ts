/**
 * What of PostgreSQL's parse tree is understood: every kind of node, with every field that it may
 * have. A kind or a field that is not here makes the statement unknown, so that what a newer
 * grammar adds is refused until somebody has looked at it.
 *
 * The tree is JSON as libpg_query writes it: a node is `{ Kind: { field: … } }`; where one kind
 * alone can stand, its name is left out. Fields that are zero, false or empty are left out too.
 */

/**
 * `plain`: a value that names and runs nothing. `parts`: a node, or a list of nodes. Another word:
 * the kind that stands there without its name.
 */
type Field = "plain" | "parts" | StructKind;

type StructKind =
  | "Alias"
  | "CTECycleClause"
  | "CTESearchClause"
  | "InferClause"
  | "OnConflictClause"
  | "RangeVar"
  | "ReturningClause"
  | "SelectStmt"
  | "TypeName"
  | "WindowDef"
  | "WithClause";

type Fields = Readonly<Record<string, Field>>;

const AT: Fields = { location: "plain" };
const CHANGE: Fields = { relation: "RangeVar", returningClause: "ReturningClause" };

/** Only read. */
const READS: Readonly<Record<string, Fields>> = {
  SelectStmt: {
    ...{ distinctClause: "parts", targetList: "parts", fromClause: "parts", whereClause: "parts" },
    ...{ groupClause: "parts", groupDistinct: "plain", havingClause: "parts" },
    ...{ windowClause: "parts", valuesLists: "parts", sortClause: "parts", limitOffset: "parts" },
    ...{ limitCount: "parts", limitOption: "plain", lockingClause: "parts" },
    ...{ withClause: "WithClause", op: "plain", all: "plain", larg: "SelectStmt" },
    rarg: "SelectStmt",
  },
  ExplainStmt: { query: "parts", options: "parts" },
  DefElem: { ...AT, defname: "plain", arg: "parts", defaction: "plain" },
  VariableShowStmt: { name: "plain" },

  WithClause: { ...AT, ctes: "parts", recursive: "plain" },
  CommonTableExpr: {
    ...{ ...AT, ctename: "plain", aliascolnames: "plain", ctematerialized: "plain" },
    ...{ ctequery: "parts", search_clause: "CTESearchClause", cycle_clause: "CTECycleClause" },
  },
  CTESearchClause: {
    ...AT,
    ...{ search_col_list: "plain", search_breadth_first: "plain", search_seq_column: "plain" },
  },
  CTECycleClause: {
    ...{ ...AT, cycle_col_list: "plain", cycle_mark_column: "plain", cycle_path_column: "plain" },
    ...{ cycle_mark_value: "parts", cycle_mark_default: "parts" },
  },

  RangeVar: {
    ...{ ...AT, catalogname: "plain", schemaname: "plain", relname: "plain", inh: "plain" },
    ...{ relpersistence: "plain", alias: "Alias" },
  },
  RangeSubselect: { lateral: "plain", subquery: "parts", alias: "Alias" },
  RangeFunction: {
    ...{ lateral: "plain", ordinality: "plain", is_rowsfrom: "plain", functions: "parts" },
    ...{ alias: "Alias", coldeflist: "parts" },
  },
  ColumnDef: { ...AT, colname: "plain", typeName: "TypeName", is_local: "plain" },
  RangeTableSample: {
    ...{ ...AT, relation: "parts", method: "plain", args: "parts", repeatable: "parts" },
  },
  JoinExpr: {
    ...{ jointype: "plain", isNatural: "plain", larg: "parts", rarg: "parts" },
    ...{ usingClause: "plain", join_using_alias: "Alias", quals: "parts", alias: "Alias" },
  },
  Alias: { aliasname: "plain", colnames: "plain" },

  ResTarget: { ...AT, name: "plain", indirection: "parts", val: "parts" },
  ColumnRef: { ...AT, fields: "plain" },
  A_Const: {
    ...{ ...AT, ival: "plain", fval: "plain", boolval: "plain", sval: "plain" },
    ...{ bsval: "plain", isnull: "plain" },
  },
  ParamRef: { ...AT, number: "plain" },
  A_Star: {},
  A_Expr: {
    ...{ ...AT, kind: "plain", name: "plain", lexpr: "parts", rexpr: "parts" },
    ...{ rexpr_list_start: "plain", rexpr_list_end: "plain" },
  },
  A_ArrayExpr: { ...AT, elements: "parts", list_start: "plain", list_end: "plain" },
  A_Indirection: { arg: "parts", indirection: "parts" },
  A_Indices: { is_slice: "plain", lidx: "parts", uidx: "parts" },
  BoolExpr: { ...AT, boolop: "plain", args: "parts" },
  BooleanTest: { ...AT, arg: "parts", booltesttype: "plain" },
  NullTest: { ...AT, arg: "parts", nulltesttype: "plain" },
  CaseExpr: { ...AT, arg: "parts", args: "parts", defresult: "parts" },
  CaseWhen: { ...AT, expr: "parts", result: "parts" },
  CoalesceExpr: { ...AT, args: "parts" },
  MinMaxExpr: { ...AT, op: "plain", args: "parts" },
  RowExpr: { ...AT, args: "parts", row_format: "plain" },
  SQLValueFunction: { ...AT, op: "plain", typmod: "plain" },
  SubLink: {
    ...{ ...AT, subLinkType: "plain", testexpr: "parts", operName: "plain" },
    subselect: "parts",
  },
  FuncCall: {
    ...{ ...AT, funcname: "plain", args: "parts", agg_order: "parts", agg_filter: "parts" },
    ...{ over: "WindowDef", agg_within_group: "plain", agg_star: "plain", agg_distinct: "plain" },
    ...{ func_variadic: "plain", funcformat: "plain" },
  },
  NamedArgExpr: { ...AT, arg: "parts", name: "plain", argnumber: "plain" },
  GroupingFunc: { ...AT, args: "parts" },
  GroupingSet: { ...AT, kind: "plain", content: "parts" },
  TypeCast: { ...AT, arg: "parts", typeName: "TypeName" },
  TypeName: {
    ...{ ...AT, names: "plain", typmods: "parts", typemod: "plain", arrayBounds: "plain" },
  },
  CollateClause: { ...AT, arg: "parts", collname: "plain" },
  SortBy: {
    ...{ ...AT, node: "parts", sortby_dir: "plain", sortby_nulls: "plain", useOp: "plain" },
  },
  WindowDef: {
    ...{ ...AT, name: "plain", refname: "plain", partitionClause: "parts", orderClause: "parts" },
    ...{ frameOptions: "plain", startOffset: "parts", endOffset: "parts" },
  },

  List: { items: "parts" },
  String: { sval: "plain" },
  Integer: { ival: "plain" },
  Float: { fval: "plain" },
  Boolean: { boolval: "plain" },
  BitString: { bsval: "plain" },
};

/** Change rows or lock them; which tables they are about can be known all the same. */
const WRITES: Readonly<Record<string, Fields>> = {
  InsertStmt: {
    ...{ ...CHANGE, cols: "parts", selectStmt: "parts", override: "plain" },
    ...{ onConflictClause: "OnConflictClause", withClause: "WithClause" },
  },
  UpdateStmt: {
    ...{ ...CHANGE, targetList: "parts", whereClause: "parts", fromClause: "parts" },
    withClause: "WithClause",
  },
  DeleteStmt: {
    ...{ ...CHANGE, usingClause: "parts", whereClause: "parts", withClause: "WithClause" },
  },
  MergeStmt: {
    ...{ ...CHANGE, sourceRelation: "parts", joinCondition: "parts", mergeWhenClauses: "parts" },
    withClause: "WithClause",
  },
  // Its names are of what stands in FROM.
  LockingClause: { lockedRels: "plain", strength: "plain", waitPolicy: "plain" },
};

/** Stand within what changes rows only. */
const WITHIN_WRITES: Readonly<Record<string, Fields>> = {
  OnConflictClause: {
    ...{ ...AT, action: "plain", infer: "InferClause", targetList: "parts" },
    whereClause: "parts",
  },
  InferClause: { ...AT, indexElems: "parts", whereClause: "parts", conname: "plain" },
  IndexElem: { name: "plain", expr: "parts", ordering: "plain", nulls_ordering: "plain" },
  ReturningClause: { options: "parts", exprs: "parts" },
  ReturningOption: { ...AT, option: "plain", value: "plain" },
  MultiAssignRef: { source: "parts", colno: "plain", ncolumns: "plain" },
  SetToDefault: AT,
  MergeWhenClause: {
    ...{ matchKind: "plain", commandType: "plain", override: "plain", condition: "parts" },
    ...{ targetList: "parts", values: "parts" },
  },
  MergeSupportFunc: { ...AT, msftype: "plain" },
};

const ALL = new Map(Object.entries({ ...READS, ...WRITES, ...WITHIN_WRITES }));
const CHANGING = new Set(Object.keys(WRITES));

/** Null: a kind that is not understood. */
export function fieldsOf(kind: string): Fields | null {
  return ALL.get(kind) ?? null;
}

export function isChange(kind: string): boolean {
  return CHANGING.has(kind);
}

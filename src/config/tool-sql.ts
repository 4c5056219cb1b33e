/** What grants say of SQL and of resources, held against what their tools are. */
import { unreadable } from "../guards/sql/statement.ts";
import { DATABASE } from "../guards/tool/resource.ts";
import type { GrantedTool, ResourceRule } from "../guards/tool/tool.ts";
import type { Issue, ToolServerSettings } from "./configuration.ts";
import { type Entry, refuse } from "./grant-entry.ts";
import { issueAt } from "./issues.ts";
import type { Source } from "./source.ts";
import { SQL_PARSER_HINT, type SqlReader } from "./sql-parser.ts";
import type { RawToolServer } from "./tool-schema.ts";

const EXPECTED = "PostgreSQL's grammar, which is not installed";

/** A folder that needs it is refused without it, so nobody is ever told this. */
const NO_GRAMMAR = () => unreadable("no grammar of SQL");

export function sqlOf(server: ToolServerSettings, tool: string, read: SqlReader) {
  const pointer = server.sql.get(tool);
  return pointer === undefined ? null : { pointer, read: read ?? NO_GRAMMAR };
}

/** Tools of one server, by where their SQL is. */
export function sqlTools({ tools = {} }: RawToolServer): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(tools).flatMap(([tool, { sql }]) => (sql === undefined ? [] : [[tool, sql]])),
  );
}

export function sqlIssues(name: string, server: RawToolServer, source: Source): readonly Issue[] {
  return [...sqlTools(server).keys()].map((tool) => {
    const path = ["tool_servers", name, "tools", tool, "sql"];
    return issueAt(source, path, EXPECTED, SQL_PARSER_HINT);
  });
}

export function resourceOf(entry: Entry, read: SqlReader): GrantedTool["resource"] {
  const { resource } = entry.tool;
  if (resource === undefined) return [];
  const { attributes, sql_tables: pointer, type } = resource;
  if (pointer !== undefined) {
    for (const key of ["type", "attributes"] as const) {
      if (resource[key] === undefined) continue;
      const hint = `sql_tables says both: each table is a ${DATABASE} with a table_name.`;
      refuse(entry, ["resource", key], "nothing beside sql_tables", hint);
    }
    if (read === null) refuse(entry, ["resource", "sql_tables"], EXPECTED, SQL_PARSER_HINT);
    return [{ kind: "sql-tables", pointer, read: read ?? NO_GRAMMAR }];
  }
  if (type === undefined || attributes === undefined) {
    const hint =
      "Write type and attributes, like { type: database, attributes: { table_name: " +
      "{ pointer: /arguments/table } } }; or sql_tables alone, like { sql_tables: /arguments/sql }.";
    refuse(entry, ["resource"], "type and attributes, or sql_tables", hint);
    return [];
  }
  return [attributesRule(type, attributes)];
}

function attributesRule(
  type: string,
  attributes: Readonly<Record<string, { readonly pointer: string }>>,
): ResourceRule {
  const pointers = Object.entries(attributes).map(
    ([name, { pointer }]) => [name, pointer] as const,
  );
  return { kind: "attributes", type, pointers: new Map(pointers) };
}

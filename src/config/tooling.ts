/** What grants of tools are compiled against. */
import type { Millis } from "../guards/money.ts";
import type { ArgumentSchemas } from "./arguments.ts";
import type { ToolServerSettings } from "./configuration.ts";
import type { SqlReader } from "./sql-parser.ts";

/** Official MCP clients give up after a minute. */
export const TIMEOUT_MS: Millis = 60_000;

export interface Tooling {
  readonly servers: ReadonlyMap<string, ToolServerSettings>;
  readonly schemas: ArgumentSchemas;
  readonly sql: SqlReader;
}

/** The fields that look into SQL, and at what calls are about. */
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings } from "./wiring-world.ts";

const grant = (name: string) => `agents/*.yaml allowed_tools[].resource.${name}`;

/** `echo` with another resource. */
const about =
  (resource: Json) =>
  ({ agents }: Settings): void => {
    agents.worker.allowed_tools[0].resource = resource;
  };

const path = (pointer: string) => ({ type: "file", attributes: { path: { pointer } } });

/** A type that makes names be read as a database's. */
const typed = (type: string) => ({
  type,
  attributes: { table_name: { pointer: "/arguments/table" } },
});

export const SQL_CASES: readonly WiringCase[] = [
  differs("slipclutch.yaml tool_servers.*.tools.*.sql", {
    set: ({ slipclutch }) => {
      slipclutch.tool_servers.desk.tools.echo = { sql: "/arguments/sql" };
    },
    see: (world) =>
      Promise.all([
        world.toolOutcome("echo", { sql: "select 1" }),
        world.toolOutcome("echo", { sql: "drop table orders" }),
      ]),
    expect: fromTo(["200", "200"], ["200", "manifest.read-only"]),
  }),
  differs(grant("sql_tables"), {
    set: about({ sql_tables: "/arguments/sql" }),
    see: (world) =>
      Promise.all([
        world.toolOutcome("echo", { sql: "table orders" }),
        world.toolOutcome("echo", { sql: "select 1" }),
      ]),
    expect: fromTo(["200", "200"], ["200", "resource.underivable"]),
  }),
  differs(grant("type"), {
    base: about(typed("sheet")),
    set: about(typed("database")),
    see: (world) => world.toolOutcome("echo", { table: "orders; drop" }),
    expect: fromTo("200", "resource.underivable"),
  }),
  differs(grant("attributes.*.pointer"), {
    base: about(path("/arguments/path")),
    set: about(path("/arguments/other")),
    see: (world) => world.toolOutcome("echo", { path: "/srv" }),
    expect: fromTo("200", "resource.underivable"),
  }),
];

/** The fields of tools whose arguments are calls of other tools. */
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings } from "./wiring-world.ts";

const field = (name: string) => `slipclutch.yaml tool_servers.*.tools.*.unwraps.${name}`;

/** `echo` calls others. */
const unwrapping =
  (more: Json = {}) =>
  ({ agents, slipclutch }: Settings): void => {
    agents.worker.allowed_tools[2] = { tool_name: "fail", server: "desk", read_only: false };
    const unwraps = { tool: "/arguments/one", arguments: "/arguments/with", ...more };
    slipclutch.tool_servers.desk.tools.echo = { effect: "read", unwraps };
  };

const CALL = { one: "fail", other: "rm", with: {}, on: "nowhere", text: "no JSON" };

export const UNWRAPS_CASES: readonly WiringCase[] = [
  differs(field("tool"), {
    base: unwrapping(),
    set: unwrapping({ tool: "/arguments/other" }),
    see: (world) => world.toolOutcome("echo", CALL),
    expect: fromTo("200", "manifest.unknown-tool"),
  }),
  differs(field("arguments"), {
    base: unwrapping(),
    set: unwrapping({ arguments: "/arguments/text" }),
    see: (world) => world.toolOutcome("echo", CALL),
    expect: fromTo("200", "manifest.arguments"),
  }),
  differs(field("server"), {
    base: unwrapping(),
    set: unwrapping({ server: "/arguments/on" }),
    see: (world) => world.toolOutcome("echo", CALL),
    expect: fromTo("200", "manifest.unknown-tool"),
  }),
];

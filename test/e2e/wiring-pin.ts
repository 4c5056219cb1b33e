/** The field that holds a tool to the description that was reviewed. */

import { pinOf } from "../../src/gateway/tools/pins.ts";
import { ECHO, MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";

const [raw = {}] = MCP_SCRIPT.tools;
const REVIEWED = pinOf({ server: "desk", tool: ECHO }, { name: ECHO, raw });
const ANOTHER = `sha256:${"0".repeat(64)}`;

export const PIN_CASES: readonly WiringCase[] = [
  differs("agents/*.yaml allowed_tools[].pin", {
    base: ({ agents }) => {
      agents.worker.allowed_tools[0].pin = REVIEWED;
    },
    set: ({ agents }) => {
      agents.worker.allowed_tools[0].pin = ANOTHER;
    },
    see: (world) => world.toolOutcome("echo"),
    expect: fromTo("200", "manifest.changed"),
  }),
];

/** The fields of tool servers that the gateway starts itself. */
import { expect } from "vitest";
import { type ChildFixture, childFixture } from "../support/mcp-child.ts";
import type { WiringCase } from "./wiring-case.ts";
import type { Json, WiringWorld } from "./wiring-world.ts";

const field = (name: string) => `slipclutch.yaml tool_servers.*.${name}`;

/** Makes `desk` a server that is started, calls `echo`, and tells how the child found itself. */
async function startedWith(
  world: WiringWorld,
  more: (child: ChildFixture) => Json,
): Promise<Json & { folder: string }> {
  const child = childFixture();
  const settings = world.base();
  const { tools } = settings.slipclutch.tool_servers.desk;
  settings.slipclutch.tool_servers.desk = { kind: "mcp", tools, ...more(child) };
  const { json, status } = await world.load(settings);
  expect([status, json.error]).toEqual([200, undefined]);
  expect(await world.toolOutcome("echo")).toBe("200");
  const [begun] = child.arrivals();
  // So that it is retired, and its child ended.
  await world.load(world.base());
  child.forget();
  return { ...begun, folder: child.folder };
}

export const COMMAND_CASES: readonly WiringCase[] = [
  {
    fields: [field("command")],
    async run(world) {
      const seen = await startedWith(world, ({ command }) => ({ command: [...command, "a b"] }));
      expect(seen.args).toEqual(["a b"]);
    },
  },
  {
    fields: [field("args")],
    async run(world) {
      const seen = await startedWith(world, ({ command: [program, ...args] }) => {
        return { command: program, args: [...args, "--more"] };
      });
      expect(seen.args).toEqual(["--more"]);
    },
  },
  {
    fields: [field("env")],
    async run(world) {
      const names = async (env: Json) => {
        const seen = await startedWith(world, ({ command }) => ({ command, env }));
        return seen.env;
      };
      const { PATH, HOME, LANG, TMPDIR } = process.env;
      const passed = JSON.parse(JSON.stringify({ PATH, HOME, LANG, TMPDIR }));
      expect(await names({})).toEqual(passed);
      expect(await names({ TOKEN: "t", HOME: "/x" })).toEqual({
        ...passed,
        TOKEN: "t",
        HOME: "/x",
      });
    },
  },
  {
    fields: [field("cwd")],
    async run(world) {
      const plain = await startedWith(world, ({ command }) => ({ command }));
      expect(plain.cwd).toBe(world.gateway.configFolder);
      const { cwd, folder } = await startedWith(world, (child) => {
        return { command: child.command, cwd: child.folder };
      });
      expect(cwd).toBe(folder);
      const above = await startedWith(world, ({ command }) => ({ command, cwd: ".." }));
      expect(`${above.cwd}/`).toBe(world.gateway.configFolder.replace(/[^/]*$/, ""));
    },
  },
];

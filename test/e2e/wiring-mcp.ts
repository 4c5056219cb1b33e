/** The fields of the road that MCP clients take. */
import { request } from "node:http";
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { WiringWorld } from "./wiring-world.ts";

/** The status of a request that names this host; `fetch` lets nobody choose one. */
async function statusAt(world: WiringWorld, host: string): Promise<number | undefined> {
  const { key } = await world.key("worker");
  const { hostname, port } = new URL(world.gateway.agentUrl);
  const headers = { host, authorization: `Bearer ${key}`, "content-type": "application/json" };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, method: "POST", path: "/mcp", headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

export const MCP_CASES: readonly WiringCase[] = [
  differs("slipclutch.yaml listeners.agent_hosts", {
    set: ({ slipclutch }) => {
      slipclutch.listeners = { agent_hosts: ["Gateway.Internal"] };
    },
    see: (world) => statusAt(world, "gateway.internal:4141"),
    expect: fromTo<number | undefined>(403, 200),
  }),
];

/** The MCP adapter towards servers that it starts itself. */
import { toolServerConformance } from "../../src/testing/tool-server-conformance.ts";
import { type ChildScript, openChild } from "../support/mcp-child.ts";

const VERSIONS: readonly ChildScript["discover"][] = ["error", "handshake", "stateless"];

for (const discover of VERSIONS) {
  toolServerConformance(`mcp by pipes, ${discover}`, async (script) => {
    const { fixture, server } = openChild({ ...script, discover });
    return {
      server,
      ran: () => fixture.ran(),
      dispose: async () => {
        await server.close();
        fixture.forget();
      },
    };
  });
}

import { systemClock } from "../../src/adapters/clock/system.ts";
import { mcpToolServer } from "../../src/adapters/tool-server/mcp/mcp-tool-server.ts";
import { mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { toolServerConformance } from "../../src/testing/tool-server-conformance.ts";

for (const answers of ["json", "sse"] as const) {
  for (const sessions of [true, false]) {
    toolServerConformance(`mcp, ${answers}${sessions ? " in sessions" : ""}`, async (script) => {
      const fixture = await mcpFixture({ ...script, answers, sessions });
      const settings = { name: "scripted", url: fixture.url, bearer: null, headers: {} };
      const server = mcpToolServer({ ...settings, connectionsMax: 256 }, systemClock);
      return {
        server,
        ran: () => fixture.ran(),
        dispose: async () => {
          await server.close();
          await fixture.close();
        },
      };
    });
  }
}

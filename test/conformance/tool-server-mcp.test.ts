import { systemClock } from "../../src/adapters/clock/system.ts";
import { mcpToolServer } from "../../src/adapters/tool-server/mcp/mcp-tool-server.ts";
import { mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { toolServerConformance } from "../../src/testing/tool-server-conformance.ts";

const VERSIONS = {
  "2025-11-25 in sessions": { sessions: true },
  "2025-11-25": { sessions: false },
  "2026-07-28": { sessions: false, stateless: true },
};

for (const answers of ["json", "sse"] as const) {
  for (const [version, speaks] of Object.entries(VERSIONS)) {
    toolServerConformance(`mcp ${version}, ${answers}`, async (script) => {
      const fixture = await mcpFixture({ ...script, answers, ...speaks });
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

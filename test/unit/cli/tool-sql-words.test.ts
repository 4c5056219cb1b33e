import { expect, test } from "vitest";
import { grantedTools, toolTable } from "../../../src/cli/check-tools.ts";
import { agentWords } from "../../../src/cli/manifest/agent-words.ts";
import { readForReview } from "../../../src/config/review/reading.ts";
import { sqlReaderFor } from "../../../src/config/sql-parser.ts";

const FILES = new Map([
  [
    "slipclutch.yaml",
    `version: 1
tool_servers:
  db: { kind: mcp, url: "http://127.0.0.1:7000/mcp", tools: { look: { sql: /arguments/sql }, edit: { sql: /arguments/sql } } }
`,
  ],
  [
    "agents/bot.yaml",
    `version: 1
agent: bot
uncapped: true
allowed_tools: [{ tool_name: look }, { tool_name: edit, read_only: false }]
`,
  ],
]);

test("What a tool does by its SQL is said so", async () => {
  const read = readForReview(FILES, {}, await sqlReaderFor(FILES));
  if (read.kind === "invalid") throw new Error(JSON.stringify(read.issues));
  const { configuration } = read.reading;
  expect(grantedTools(configuration).map(({ effect }) => effect)).toEqual(["by sql", "by sql"]);
  expect(toolTable(configuration).join("\n")).toContain("by sql");
  const bot = configuration.agents.get("bot");
  if (bot === undefined) throw new Error("the agent is missing");
  const words = agentWords(read.reading, bot).join("\n");
  expect(words).toMatch(/db__look\n +only reads, by its SQL, .*/);
  expect(words).toMatch(/db__edit\n +may write, by its SQL, .*/);
});

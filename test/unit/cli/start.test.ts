import { describe, expect, test } from "vitest";
import { announcement, type Ready, welcome } from "../../../src/cli/start.ts";

const READY: Ready = {
  agentUrl: "http://127.0.0.1:4141",
  controlUrl: "http://127.0.0.1:4142",
  operatorToken: "sco_secret",
  agentKey: "sck_first",
  simulated: true,
  agents: ["example"],
};
const plain = (_style: string, text: string) => text;

describe("a gateway that is ready", () => {
  test("says so to programs in one line of exactly these fields", () => {
    expect(announcement(READY)).toBe(
      '{"event":"ready","agent_url":"http://127.0.0.1:4141","control_url":"http://127.0.0.1:4142","operator_token":"sco_secret","agent_key":"sck_first"}',
    );
    expect(JSON.parse(announcement({ ...READY, agentKey: null })).agent_key).toBeNull();
  });

  test("tells people where things are, a key, and a request that works as it stands", () => {
    const text = welcome(READY, "/data", plain);
    expect(text).toContain("OPENAI_BASE_URL=http://127.0.0.1:4141/v1\n");
    expect(text).toContain("ANTHROPIC_BASE_URL=http://127.0.0.1:4141\n");
    expect(text).toContain("  sck_first\n");
    expect(text).toContain("Bearer sck_first'");
    expect(text).toContain('"model":"simulated-small"');
    expect(text).toContain("The provider is simulated");
    expect(text).not.toContain("sco_secret");
  });

  test("says how to make a key when none was made now", () => {
    const text = welcome({ ...READY, agentKey: null, simulated: false }, "/data", plain);
    expect(text).toContain("slipclutch keys create --agent example --data /data\n");
    expect(text).not.toContain("simulated");
  });
});

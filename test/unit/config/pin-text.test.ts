/** Pins put into manifests: nothing else of the text changes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { withPins } from "../../../src/config/review/pin-text.ts";
import { parseSource } from "../../../src/config/source.ts";

const PIN = `sha256:${"a".repeat(64)}`;
const OLD = `sha256:${"0".repeat(64)}`;

test.each<[string, string, string, string]>([
  [
    "a list of maps",
    "bot.yaml",
    `# Ours.
allowed_tools:
  - tool_name: find   # the finder
    read_only: true
  - server: desk
    tool_name: close
blacklisted_tools: [x]
`,
    `# Ours.
allowed_tools:
  - tool_name: find   # the finder
    pin: ${PIN}
    read_only: true
  - server: desk
    tool_name: close
    pin: ${PIN}
blacklisted_tools: [x]
`,
  ],
  [
    "maps on one line",
    "bot.yaml",
    `allowed_tools:
- { tool_name: find }  # one
- {tool_name: "close", server: desk}`,
    `allowed_tools:
- { tool_name: find, pin: ${PIN} }  # one
- {tool_name: "close", pin: ${PIN}, server: desk}`,
  ],
  [
    "pins that are there",
    "bot.yml",
    `allowed_tools:
  - tool_name: find
    pin: "${OLD}" # reviewed by jo
  - {tool_name: close, pin: ${OLD}}
`,
    `allowed_tools:
  - tool_name: find
    pin: "${PIN}" # reviewed by jo
  - {tool_name: close, pin: ${PIN}}
`,
  ],
  [
    "JSON with tabs",
    "bot.json",
    `{
\t"allowed_tools": [
\t\t{ "tool_name": "find" },
\t\t{
\t\t\t"tool_name": "close",
\t\t\t"server": "desk"
\t\t}
\t]
}`,
    `{
\t"allowed_tools": [
\t\t{ "tool_name": "find", "pin": "${PIN}" },
\t\t{
\t\t\t"tool_name": "close",
\t\t\t"pin": "${PIN}",
\t\t\t"server": "desk"
\t\t}
\t]
}`,
  ],
  [
    "lines that end in two characters",
    "bot.yaml",
    "allowed_tools:\r\n  - tool_name: a\r\n  - tool_name: b",
    `allowed_tools:\r\n  - tool_name: a\r\n    pin: ${PIN}\r\n  - tool_name: b\r\n    pin: ${PIN}`,
  ],
])("%s", (_, file, before, after) => {
  const pins = new Map([
    [0, PIN],
    [1, PIN],
  ]);
  expect(withPins(file, before, pins)).toBe(after);
});

test("whatever it is written like, only the pins are new, or nothing is done", () => {
  const tool = fc.record(
    {
      tool_name: fc.string({ minLength: 1 }),
      server: fc.string(),
      pin: fc.constant(OLD),
      arguments: fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
    },
    { requiredKeys: ["tool_name"] },
  );
  const tools = fc.array(tool, { minLength: 1, maxLength: 4 });
  let done = 0;
  fc.assert(
    fc.property(tools, fc.nat(3), fc.boolean(), fc.boolean(), (allowed_tools, at, json, flow) => {
      const index = at % allowed_tools.length;
      const whole = { agent: "bot", allowed_tools, strict: true };
      const file = json ? "bot.json" : "bot.yaml";
      const text = json
        ? JSON.stringify(whole, null, flow ? 2 : 0)
        : stringify(whole, {
            collectionStyle: flow ? "flow" : "block",
            aliasDuplicateObjects: false,
          });
      // What the folder itself refuses, such as a key of a name that is none, is not pinned either.
      if (parseSource(file, text).issues.length > 0) return;
      const changed = withPins(file, text, new Map([[index, PIN]]));
      if (changed === null) return;
      done += 1;
      const meant = allowed_tools.map((one, no) => (no === index ? { ...one, pin: PIN } : one));
      expect(parseSource(file, changed).source.raw).toEqual({ ...whole, allowed_tools: meant });
    }),
    { numRuns: 500 },
  );
  expect(done).toBeGreaterThan(400);
});

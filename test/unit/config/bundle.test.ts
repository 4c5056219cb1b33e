import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { bundleIdOf, bundleOf, packed, unpacked } from "../../../src/config/bundle.ts";
import { load, loadTree } from "../../../src/config/load.ts";
import { readFiles } from "../../../src/config/read.ts";
import type { FileFound, GuardrailsTree } from "../../../src/ports/guardrails.ts";
import { writeFolder } from "../../support/gateway.ts";

const MAIN = `version: 1
providers: { simulated: { kind: simulated } }
budgets: [{ name: all, limit_usd: "\${LIMIT}", window: day }]
encryption_key: \${KEY}
`;
const FILES = new Map([["slipclutch.yaml", MAIN]]);
const KEY = "ab".repeat(32);

function digestOf(environment: Record<string, string>, files = FILES): string {
  const loaded = readFiles(files, { environment, today: null });
  if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues));
  return loaded.configuration.digest;
}

describe("what a configuration is known by", () => {
  test("begins with the digest of its files, by which they are found", () => {
    const digest = digestOf({ LIMIT: "5", KEY });
    expect(bundleOf(digest)).toBe(bundleIdOf(FILES));
    expect(bundleIdOf(FILES)).toMatch(/^dir:[0-9a-f]{64}$/);
    expect(digest).toMatch(/^dir:[0-9a-f]{64}\+[0-9a-f]{16}$/);
  });

  test("is another one for another value of the environment, but not for another secret", () => {
    const digest = digestOf({ LIMIT: "5", KEY });
    expect(digestOf({ LIMIT: "6", KEY })).not.toBe(digest);
    expect(digestOf({ LIMIT: "5", KEY: "cd".repeat(32) })).toBe(digest);
  });

  test("is another one for every change of a name or a text, and the same in any order", () => {
    const files = [
      ["a", "bc"],
      ["d", ""],
    ] as const;
    const ids = [
      bundleIdOf(new Map(files)),
      bundleIdOf(
        new Map([
          ["ab", "c"],
          ["d", ""],
        ]),
      ),
      bundleIdOf(new Map([["a", "bcd"]])),
      bundleIdOf(
        new Map([
          ["a", "bc"],
          ["", "d"],
        ]),
      ),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(bundleIdOf(new Map(files.toReversed()))).toBe(ids[0]);
  });
});

describe("files that are kept", () => {
  test("come back as they were, and hold no secret", () => {
    const files = new Map([...FILES, ["agents/ä.yaml", "\u0000\u{1f512}\n"]]);
    const content = packed(files);
    expect(unpacked(bundleIdOf(files), content)).toEqual(files);
    expect(unpacked(bundleIdOf(FILES), packed(FILES)).get("slipclutch.yaml")).toContain("${KEY}");
  });

  test("are not read as others than they were kept as", () => {
    expect(() => unpacked(bundleIdOf(new Map()), packed(FILES))).toThrow("are others");
  });

  test("that unpack to more than any folder has are not unpacked", () => {
    const bomb = gzipSync(Buffer.alloc(7 * 32 * 1024 * 1024 + 1));
    expect(() => unpacked(bundleIdOf(FILES), bomb)).toThrow();
  });
});

describe("a folder", () => {
  const folders: string[] = [];

  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  async function issuesOf(files: Record<string, unknown>): Promise<string[]> {
    const folder = await mkdtemp(join(tmpdir(), "slipclutch-bundle-"));
    folders.push(folder);
    await writeFolder(files, folder);
    const loaded = await load(folder, { environment: {} });
    if (loaded.kind === "ok") return [];
    return loaded.issues.map(({ file, got }) => `${file}: ${got}`);
  }

  test("with a pointer of Git LFS in place of a file is refused", async () => {
    expect(
      await issuesOf({
        "slipclutch.yaml": "version: 1",
        "agents/large.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
      }),
    ).toEqual(["agents/large.yaml: a pointer of Git LFS"]);
  });

  test("of more bytes than are read together is refused, with the first file beyond them", async () => {
    const beyond: FileFound = { kind: "beyond" };
    const tree: GuardrailsTree = {
      ...{ name: "rules", hint: "" },
      below: async () => ({ kind: "none" }),
      names: async (folder) => {
        const names = folder === "" ? ["agents", "slipclutch.yaml"] : ["a.yaml", "b.yaml"];
        return { kind: "folder", names };
      },
      read: async ([main = "", ...files]) => {
        const bytes = new TextEncoder().encode("version: 1");
        return new Map<string, FileFound>([
          [main, { kind: "bytes", bytes }],
          ...files.map((file) => [file, beyond] as const),
        ]);
      },
    };
    const loaded = await loadTree(tree, { environment: {}, today: null, commit: "c" });
    expect(loaded).toMatchObject({
      ...{ kind: "invalid", commit: "c" },
      issues: [{ file: "agents/a.yaml", got: "files of more than 33554432 bytes together" }],
    });
  });
});

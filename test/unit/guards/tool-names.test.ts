/** Every spelling of a tool's name: which tool it means, and what the blacklist makes of it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DISPLAY_CHARS_MAX,
  displayNames,
  foldName,
  NAME_CHARS_MAX,
  resolveTool,
  usableTools,
} from "../../../src/guards/tool/names.ts";
import type { GrantedTool } from "../../../src/guards/tool/tool.ts";
import { granted, grants } from "./tool-scenes.ts";

describe("a name folds", () => {
  test.each([
    ["case", "Delete_TICKET"],
    ["full-width letters", "ｄｅｌｅｔｅ＿ｔｉｃｋｅｔ"],
    ["mathematical letters", "𝐝𝐞𝐥𝐞𝐭𝐞_𝓽𝓲𝓬𝓴𝓮𝓽"],
    ["a Cyrillic е", "dеlete_ticket"],
    ["Cyrillic capitals", "DЕLЕТЕ_ТІСКЕТ"],
    ["Greek letters", "dεlete_tιcκεt"],
    ["Greek capitals", "DΕLΕΤΕ_ΤΙCΚΕΤ"],
    ["a dotless i", "delete_tıcket"],
    ["the digit for l", "de1ete_ticket"],
    ["a palochka for l", "deӏete_ticket"],
    ["accents", "délète_tïcket"],
    ["an accent of its own", "de\u0301lete_ticket"],
    ["an accent on a look-alike", "dЁlete_ticket"],
    ["a capital with a dot", "delete_tİcket"],
    ["a dash", "delete-ticket"],
    ["a long dash", "delete—ticket"],
    ["a minus", "delete−ticket"],
    ["a dot", "delete.ticket"],
    ["a blank", "delete ticket"],
    ["a blank without a break", "delete\u00a0ticket"],
    ["a tab", "delete\tticket"],
    ["a run of separators", "delete__-. ticket"],
    ["separators at the ends", "_delete_ticket-"],
    ["a zero-width space", "del\u200bete_ticket"],
    ["a zero-width joiner", "del\u200dete_ticket"],
    ["a soft hyphen", "del\u00adete_ticket"],
    ["a byte order mark", "\ufeffdelete_ticket"],
    ["a right-to-left mark", "delete\u202e_ticket"],
    ["a control character", "delete\u0000_ticket"],
    ["a variation selector", "delete\ufe0f_ticket"],
  ])("%s away", (_, name) => {
    expect(foldName(name)).toBe("delete_ticket");
  });

  test.each([
    ["mail", "mall"],
    ["delete_ticket", "delete_tickets"],
    ["delete_ticket", "deleteticket"],
    ["delete_ticket", "undelete_ticket"],
    ["a_b", "ab"],
    ["tool_2", "tool_3"],
    ["ユーザー削除", "ユーザー作成"],
  ])("not together with another: %s, %s", (one, other) => {
    expect(foldName(one)).not.toBe(foldName(other));
  });

  test("once and for all, whatever characters it is of", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
    );
    fc.assert(
      fc.property(text, (name) => {
        const folded = foldName(name);
        expect(foldName(folded)).toBe(folded);
        expect(foldName(name.normalize("NFC"))).toBe(folded);
        expect(foldName(name.normalize("NFKC"))).toBe(folded);
        expect(foldName(` ${name}\u200b`)).toBe(folded);
      }),
      { numRuns: 5_000 },
    );
  });

  test("the same in either case, as far as its alphabet is ours", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."abcxyzжзйфщ_-09") }), (name) => {
        expect(foldName(name.toUpperCase())).toBe(foldName(name));
      }),
    );
  });

  test("the same, however plain the characters are that it is written with", () => {
    const plain = fc.string({ unit: "grapheme-ascii", maxLength: 40 });
    fc.assert(
      fc.property(plain, (name) => {
        // Something that cannot be seen takes the long way.
        expect(foldName(name)).toBe(foldName(`${name}\u200b`));
      }),
      { numRuns: 2_000 },
    );
  });
});

const TRANSCRIBE = granted("audio", "transcribe_audio");
const LIST = granted("tickets", "list");
const OTHER_LIST = granted("wiki", "list");
const CAFE = granted("tickets", "café");
const ALL = [TRANSCRIBE, LIST, OTHER_LIST, CAFE];

describe("a name means", () => {
  test.each<[string, GrantedTool | "unknown", string | null]>([
    ["transcribe_audio", TRANSCRIBE, null],
    ["audio__transcribe_audio", TRANSCRIBE, null],
    ["mcp__slipclutch__transcribe_audio", TRANSCRIBE, null],
    ["mcp__slipclutch__audio__transcribe_audio", TRANSCRIBE, null],
    ["mcp__my__clutch__audio__transcribe_audio", TRANSCRIBE, null],
    ["cafe\u0301", CAFE, null],
    ["tickets__cafe\u0301", CAFE, null],
    // Two servers have one: only a server's name says which.
    ["list", "unknown", null],
    ["mcp__slipclutch__list", "unknown", null],
    ["tickets__list", LIST, null],
    ["mcp__slipclutch__wiki__list", OTHER_LIST, null],
    ["list", LIST, "tickets"],
    ["list", OTHER_LIST, "wiki"],
    ["wiki__list", OTHER_LIST, "wiki"],
    ["mcp__wiki__list", OTHER_LIST, "wiki"],
    // On a server's own URL there is nothing of the others.
    ["tickets__list", "unknown", "wiki"],
    ["transcribe_audio", "unknown", "wiki"],
    ["list", "unknown", "nowhere"],
    // Exactly, or not at all.
    ["Transcribe_Audio", "unknown", null],
    ["transcribe-audio", "unknown", null],
    ["transcribe_audio ", "unknown", null],
    ["trаnscribe_audio", "unknown", null],
    ["transcribe_audi", "unknown", null],
    ["x__transcribe_audio", "unknown", null],
    ["wiki__transcribe_audio", "unknown", null],
    ["mcp__transcribe_audio", "unknown", null],
    ["mcp_slipclutch_transcribe_audio", "unknown", null],
    ["MCP__slipclutch__transcribe_audio", "unknown", null],
    ["", "unknown", null],
    ["mcp__", "unknown", null],
    ["constructor", "unknown", null],
  ])("%s → %o (on %s)", (name, tool, server) => {
    expect(resolveTool(name, grants(ALL), server)).toBe(tool);
  });

  test("none where it may mean two: a prefix and a name of its own", () => {
    const literal = granted("proxy", "tickets__list");
    const both = grants([LIST, literal]);
    expect(resolveTool("tickets__list", both, null)).toBe("unknown");
    expect(resolveTool("proxy__tickets__list", both, null)).toBe(literal);
    expect(resolveTool("list", both, null)).toBe(LIST);
  });

  test("none where it is longer than any name", () => {
    const long = granted("s", "x".repeat(NAME_CHARS_MAX + 1));
    expect(resolveTool(long.tool, grants([long]), null)).toBe("unknown");
  });
});

describe("the blacklist", () => {
  const DELETE = granted("tickets", "delete_ticket");

  test.each([
    "delete_ticket",
    "DELETE-TICKET",
    "dеlete_ticket",
    "tickets__delete_ticket",
    "Tickets.Delete.Ticket",
    "mcp__slipclutch__delete_ticket",
    "mcp__anything__tickets__delete_ticket",
  ])("with the entry %s wins over the grant, by every spelling", (entry) => {
    const both = grants([DELETE, LIST], [entry]);
    for (const name of ["delete_ticket", "tickets__delete_ticket"]) {
      expect(resolveTool(name, both, null)).toBe("blacklisted");
      expect(resolveTool(`mcp__slipclutch__${name}`, both, null)).toBe("blacklisted");
      expect(resolveTool(name, both, "tickets")).toBe("blacklisted");
    }
    expect(resolveTool("list", both, null)).toBe(LIST);
    expect(usableTools(both, null)).toEqual([LIST]);
  });

  test.each([
    "delete_ticket",
    "Delete-Ticket",
    "tickets__delete_ticket",
    "mcp__x__delete_ticket",
    "tickets/delete_ticket",
    "tickets:delete ticket",
    "tickets＿＿delete_ticket",
  ])("is named as the reason also where nothing is granted: %s", (name) => {
    expect(resolveTool(name, grants([LIST], ["delete_ticket"]), null)).toBe("blacklisted");
  });

  test("holds for a tool that looks like an entry, exactly granted as it is", () => {
    const fake = granted("tickets", "dеlete_ticket");
    expect(resolveTool(fake.tool, grants([fake], ["delete_ticket"]), null)).toBe("blacklisted");
  });

  test("holds for what a server passes on under its own prefix", () => {
    const behind = granted("proxy", "tickets__delete_ticket");
    expect(resolveTool(behind.tool, grants([behind], ["delete_ticket"]), null)).toBe("blacklisted");
  });

  test("of one server's tool leaves that of another, which then is alone", () => {
    const one = grants([LIST, OTHER_LIST], ["wiki__list"]);
    expect(resolveTool("wiki__list", one, null)).toBe("blacklisted");
    expect(resolveTool("list", one, null)).toBe(LIST);
    expect([...displayNames(usableTools(one, null)).values()]).toEqual(["list"]);
  });

  test.each(["ticket", "delete", "undelete_ticket", "soft_delete_ticket", "delete_ticket_note"])(
    "leaves what only contains it: %s",
    (tool) => {
      const other = granted("tickets", tool);
      expect(resolveTool(tool, grants([other], ["delete_ticket"]), null)).toBe(other);
      expect(resolveTool(`mcp__x__${tool}`, grants([other], ["delete_ticket"]), null)).toBe(other);
    },
  );
});

describe("a tool is shown", () => {
  test("by its bare name where that is unique, else with its server's", () => {
    expect([...displayNames(ALL).values()]).toEqual([
      "transcribe_audio",
      "tickets__list",
      "wiki__list",
      "café",
    ]);
  });

  test("shortened with a hash where the name is too long, and only then", () => {
    const fits = granted("s", "x".repeat(64));
    const long = granted("s", "x".repeat(65));
    const twins = ["a", "b"].map((server) => granted(server, `${"y".repeat(62)}é`));
    const names = displayNames([fits, long, ...twins]);
    expect([...names.values()]).toEqual([
      "x".repeat(64),
      `${"x".repeat(55)}_0ddd708a`,
      expect.stringMatching(/^a_y{53}_[0-9a-f]{8}$/),
      expect.stringMatching(/^b_y{53}_[0-9a-f]{8}$/),
    ]);
  });

  test("by a name without a doubt where its own could be taken for another's", () => {
    const literal = granted("proxy", "tickets__list");
    const names = displayNames([LIST, literal]);
    expect(names.get(LIST)).toBe("list");
    expect(names.get(literal)).toMatch(/^tickets_list_[0-9a-f]{8}$/);
  });

  const part = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "b", "_", "__", "é"), minLength: 1, maxLength: 4 }),
    fc.constantFrom("mcp", "mcp__a", "x".repeat(70), `${"x".repeat(60)}a`, "x".repeat(64)),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
  );
  const tools = fc
    .uniqueArray(fc.record({ server: part, tool: part }), {
      maxLength: 8,
      selector: ({ server, tool }) =>
        JSON.stringify([server.normalize("NFC"), tool.normalize("NFC")]),
    })
    .map((ids) => ids.map(({ server, tool }) => granted(server, tool)));
  const entries = fc.array(fc.oneof(part, fc.constantFrom("mcp__a__b", "a__b")), { maxLength: 2 });

  test("by a name that means it, with and without a client's prefix, and that fits", () => {
    fc.assert(
      fc.property(tools, entries, (allowed, blacklisted) => {
        const all = grants(
          allowed,
          blacklisted.filter((entry) => foldName(entry) !== ""),
        );
        const usable = usableTools(all, null);
        const names = displayNames(usable);
        expect([...names.keys()]).toEqual(usable);
        expect(new Set(names.values()).size).toBe(usable.length);
        for (const [tool, name] of names) {
          expect(name.length).toBeLessThanOrEqual(DISPLAY_CHARS_MAX);
          expect(resolveTool(name, all, null)).toBe(tool);
          const prefixed = resolveTool(`mcp__slipclutch__${name}`, all, null);
          expect([tool, "blacklisted"]).toContain(prefixed);
          if (all.blacklisted.size === 0) expect(prefixed).toBe(tool);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Which URIs lie below a folder: whatever the spelling, none that a reader could take elsewhere. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isBelow, isTemplateBelow, URI_CHARS_MAX } from "../../../src/guards/library/uri.ts";

const FOLDER = "file:///data/";

describe("below a folder is", () => {
  test.each([
    "a.txt",
    "reports/2026/a.txt",
    "with%20space.txt",
    "caf%C3%A9/men%c3%bc.txt",
    "a..b/..c/d..",
    "v1.2/notes~1!$&'()*+,;=:@",
    "a%2Eb",
    "%F0%9F%98%80",
  ])("%s", (path) => {
    expect(isBelow(FOLDER + path, FOLDER)).toBe(true);
  });
});

describe("not below it is", () => {
  test.each([
    ["the folder itself", ""],
    ["another folder inside it, as a folder", "a/"],
    ["the folder above", "../etc/passwd"],
    ["the folder above, further on", "a/../../etc/passwd"],
    ["this folder", "./a.txt"],
    ["dots that are encoded", "%2e%2e/etc/passwd"],
    ["dots that are half encoded", ".%2E/etc/passwd"],
    ["a slash that is encoded", "..%2Fetc%2fpasswd"],
    ["a slash that is encoded, without dots", "a%2Fb"],
    ["what is encoded twice", "%252e%252e/etc/passwd"],
    ["a backslash", "..\\etc\\passwd"],
    ["a backslash that is encoded", "..%5cetc%5Cpasswd"],
    ["a path of its own", "/etc/passwd"],
    ["an empty part", "a//b"],
    ["another disk", "C:/windows"],
    ["another disk, encoded", "C%3A/windows"],
    ["another disk, as it was written once", "C%7C/windows"],
    ["dots and blanks, which Windows cuts off", "..%20/etc"],
    ["three dots", ".../etc"],
    ["dots before a parameter", "..;a=b/etc"],
    ["a query", "a.txt?at=/etc/passwd"],
    ["a fragment", "a.txt#../etc"],
    ["an end of the text", "a.txt%00.png"],
    ["a line", "a%0d%0ab"],
    ["a line as it is", "a\nb"],
    ["a tab, which parsers throw away", ".\t./etc"],
    ["letters beyond ASCII as they are", "caf\u00e9"],
    ["wide dots", "%EF%BC%8E%EF%BC%8E/etc"],
    ["a wide slash", "..%EF%BC%8Fetc"],
    ["two dots that are one letter", "%E2%80%A5/etc"],
    ["dots in too many bytes", "%c0%ae%c0%ae/etc"],
    ["what cannot be seen", "..%E2%80%8B/etc"],
    ["half an encoding", "a%2"],
    ["no encoding", "a%zz"],
    ["blanks", "a b"],
    ["a bracket", "a[b]"],
  ])("%s", (_, path) => {
    expect(isBelow(FOLDER + path, FOLDER)).toBe(false);
  });

  test.each([
    ["another scheme's letters", "FILE:///data/a"],
    ["a host", "file://host/data/a"],
    ["one slash less", "file:/data/a"],
    ["a name that begins alike", "file:///database/a"],
    ["the folder without its end", "file:///data"],
    ["blanks before it", " file:///data/a"],
  ])("%s", (_, uri) => {
    expect(isBelow(uri, FOLDER)).toBe(false);
  });

  test.each([
    ["a user", "https://me@docs.example/pub/a"],
    ["a user that looks like the host", "https://docs.example@evil.example/pub/a"],
    ["a port", "https://docs.example:443/pub/a"],
    ["another port", "https://docs.example:8443/pub/a"],
    ["a host in large letters", "https://DOCS.example/pub/a"],
    ["a host with a dot behind it", "https://docs.example./pub/a"],
    ["a host that goes on", "https://docs.example.evil/pub/a"],
    ["backslashes for slashes", "https:\\\\docs.example\\pub\\a"],
  ])("%s", (_, uri) => {
    expect(isBelow(uri, "https://docs.example/pub/")).toBe(false);
  });

  test("what is longer than any URI", () => {
    const long = (chars: number) => FOLDER + "a".repeat(chars - FOLDER.length);
    expect(isBelow(long(URI_CHARS_MAX), FOLDER)).toBe(true);
    expect(isBelow(long(URI_CHARS_MAX + 1), FOLDER)).toBe(false);
  });
});

/** What tricks are made of. */
const PIECES = [
  ...["..", ".", "/", "//", "\\", "%2e", "%2E", "%2f", "%2F", "%5c", "%25", "%00", "%", "%c0%ae"],
  ...[
    "?",
    "#",
    "@",
    ":",
    ";",
    "|",
    "\t",
    "\n",
    " ",
    "%20",
    "C:",
    "a",
    "b.txt",
    "data",
    "%EF%BC%8F",
  ],
  ...["\u00e9", "\uff0e", "%EF%BC%8E", "%E2%80%A5", "\u2215", "etc", "passwd", "[", "{", "~"],
];
const FOLDERS = [
  ...["file:///data/", "https://docs.example/pub/", "notes://work/", "memo:/x/", "file:///"],
  ...["https://docs.example:8443/", "git+ssh://host/a%20b/"],
];

const tricky = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.webPath(),
);
const uris = fc.tuple(fc.constantFrom(...FOLDERS), tricky).chain(([folder, rest]) =>
  fc.record({
    folder: fc.constant(folder),
    // Also what does not begin with it as it is written.
    uri: fc.oneof(
      fc.constant(folder + rest),
      fc.constant(folder.toUpperCase() + rest),
      fc.constant(folder.slice(0, -1) + rest),
    ),
  }),
);

/** As often as something decodes, whatever it resolves then, and in whatever form. */
function* readings(uri: string): Iterable<string> {
  let text = uri;
  for (let times = 0; times < 3; times += 1) {
    yield text;
    yield text.normalize("NFKC");
    yield text.replaceAll("\\", "/");
    try {
      text = decodeURIComponent(text);
    } catch {
      return;
    }
  }
}

test("nothing that is admitted leaves its folder, by whatever it is read", () => {
  let admitted = 0;
  fc.assert(
    fc.property(uris, ({ folder, uri }) => {
      if (!isBelow(uri, folder)) return;
      admitted += 1;
      // The one form that the standard's parser writes, so nobody has put anything in order.
      expect(new URL(uri).href).toBe(uri);
      const at = new URL(folder);
      for (const reading of readings(uri)) {
        const { hash, host, pathname, protocol, search, username } = new URL(
          reading.replaceAll("#", "%23").replaceAll("?", "%3F"),
        );
        expect([protocol, host, username]).toEqual([at.protocol, at.host, ""]);
        expect(pathname.startsWith(decodeURIComponent(at.pathname).replaceAll(" ", "%20"))).toBe(
          true,
        );
        expect([hash, search]).toEqual(["", ""]);
        expect(pathname.length).toBeGreaterThan(at.pathname.length);
        expect(pathname).not.toContain("//");
      }
    }),
    { numRuns: 20_000 },
  );
  // Were nothing admitted, nothing would have been looked at.
  expect(admitted).toBeGreaterThan(200);
});

describe("a template is shown", () => {
  test.each([
    ["file:///data/{name}", true],
    ["file:///data/reports/{year}/{name}.txt", true],
    ["file:///data/{+path}", true],
    ["file:///data/plain.txt", true],
    ["file:///{+path}", false],
    ["file:///data{/path}", false],
    ["file:///{folder}/a", false],
    ["{+uri}", false],
    ["file:///data/{name}/../../etc", false],
    ["file:///data/{name}{?at}", false],
    ["file:///data/{name}{&at}", false],
    ["file:///data/{name}{#at}", false],
    ["file:///data/{name}{;at}", false],
    ["file:///data/{name}?at=/etc", false],
    ["file:///data/{name", false],
    ["file:///data/{}", false],
  ])("%s: %s", (template, shown) => {
    expect(isTemplateBelow(template, FOLDER)).toBe(shown);
  });
});

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterEach, describe, expect, test } from "vitest";
import { readPages } from "../../../src/compose/dashboard.ts";
import { addPages, type PageFile, type Pages } from "../../../src/control/pages.ts";

const file = (name: string, type: string): PageFile => ({
  type,
  plain: new TextEncoder().encode(name),
  br: new TextEncoder().encode(`${name}.br`),
  gzip: new TextEncoder().encode(`${name}.gz`),
});

const PAGES: Pages = {
  index: file("index", "text/html; charset=utf-8"),
  files: new Map([["/assets/main-1.js", file("main", "text/javascript; charset=utf-8")]]),
};

function ask(path: string, pages: Pages | null = PAGES, accepted = ""): Promise<Response> {
  const app = new Hono();
  addPages(app, pages);
  return Promise.resolve(app.request(path, { headers: { "accept-encoding": accepted } }));
}

describe("the dashboard's files", () => {
  test("are the same page wherever it has a place of its own", async () => {
    const paths = ["/", "/reviews", "/reviews/r-1", "/agents/a/tasks/b", "/sign-in", "/journal"];
    for (const path of paths) expect(await (await ask(path)).text(), path).toBe("index");
    for (const path of ["/assets/main-2.js", "/reviews/r-1/more", "/index.html", "/etc/passwd"]) {
      expect((await ask(path)).status, path).toBe(404);
    }
  });

  test("may load nothing of elsewhere, run nothing in the page and stand in no frame", async () => {
    for (const path of ["/", "/assets/main-1.js"]) {
      const policy = (await ask(path)).headers.get("content-security-policy");
      expect(policy).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
          "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
    }
  });

  test("are kept for ever under their own names, and the page itself is asked for anew", async () => {
    expect((await ask("/")).headers.get("cache-control")).toBe("no-cache");
    const kept = (await ask("/assets/main-1.js")).headers.get("cache-control");
    expect(kept).toBe("public, max-age=31536000, immutable");
  });

  test.each([
    ["gzip, deflate, br", "br", "main.br"],
    ["gzip", "gzip", "main.gz"],
    ["br;q=0, gzip;q=0.5", "gzip", "main.gz"],
    ["identity", null, "main"],
    ["br;q=0.0", null, "main"],
  ])("come as the browser takes them: %s", async (accepted, encoding, text) => {
    const answer = await ask("/assets/main-1.js", PAGES, accepted);
    expect(answer.headers.get("content-encoding")).toBe(encoding);
    expect(await answer.text()).toBe(text);
    expect(answer.headers.get("vary")).toBe("accept-encoding");
  });

  test("that were not built are said to be, with the command that builds them", async () => {
    const answer = await ask("/", null);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("run npm run build");
  });
});

describe("a folder of them", () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  async function built(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "slipclutch-pages-"));
    folders.push(folder);
    await mkdir(join(folder, "assets"));
    for (const name of ["index.html", "assets/a-1.js", "assets/a-1.css"]) {
      for (const ending of ["", ".br", ".gz"]) await writeFile(join(folder, name + ending), name);
    }
    return folder;
  }

  test("is read whole, each file with its type", async () => {
    const pages = await readPages(await built());
    const types = [...(pages?.files ?? [])].map(([path, { type }]) => [path, type]);
    expect(Object.fromEntries(types)).toEqual({
      "/assets/a-1.js": "text/javascript; charset=utf-8",
      "/assets/a-1.css": "text/css; charset=utf-8",
    });
    expect(pages?.index.type).toBe("text/html; charset=utf-8");
  });

  test("that is not there is no error, and half of one is", async () => {
    expect(await readPages(join(tmpdir(), "slipclutch-no-such-folder"))).toBeNull();
    const folder = await built();
    await rm(join(folder, "assets/a-1.js.br"));
    await expect(readPages(folder)).rejects.toThrow("ENOENT");
  });
});

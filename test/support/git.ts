/** Real Git repositories to follow, on this disk and behind Git's own HTTP server. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import type { Folder } from "./gateway.ts";

const ENVIRONMENT = {
  PATH: process.env.PATH ?? "",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "ana",
  GIT_AUTHOR_EMAIL: "ana@example.com",
  GIT_COMMITTER_NAME: "ana",
  GIT_COMMITTER_EMAIL: "ana@example.com",
};

/** A bare repository that is pushed to, and the place from which it is. */
export class Repository {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  static async make(): Promise<Repository> {
    const repository = new Repository(await mkdtemp(join(tmpdir(), "slipclutch-git-")));
    await mkdir(repository.work, { recursive: true });
    await repository.git("init", "--quiet", "--bare", "--initial-branch=main", repository.bare);
    await repository.git("init", "--quiet", "--initial-branch=main");
    return repository;
  }

  /** What is pushed to. */
  get bare(): string {
    return join(this.#root, "guardrails.git");
  }

  get work(): string {
    return join(this.#root, "work");
  }

  /** Runs in the working copy; what it said. */
  async git(...args: readonly string[]): Promise<string> {
    const options = { cwd: this.work, env: ENVIRONMENT };
    const { stdout } = await promisify(execFile)("git", args, options);
    return stdout.trim();
  }

  /** Writes these files (null: takes one away) and commits them. */
  async commit(files: Folder | Readonly<Record<string, Uint8Array>>): Promise<string> {
    for (const [path, value] of Object.entries(files)) {
      const at = join(this.work, path);
      await rm(at, { force: true, recursive: true });
      if (value === null) continue;
      await mkdir(dirname(at), { recursive: true });
      const isWritten = typeof value === "string" || value instanceof Uint8Array;
      await writeFile(at, isWritten ? value : stringify(value, { aliasDuplicateObjects: false }));
    }
    return this.#commitAll();
  }

  /** A link in place of a file or folder. */
  async commitLink(path: string, target: string): Promise<string> {
    await rm(join(this.work, path), { force: true, recursive: true });
    await symlink(target, join(this.work, path));
    return this.#commitAll();
  }

  async #commitAll(): Promise<string> {
    await this.git("add", "--all");
    await this.git("commit", "--quiet", "--allow-empty", "--message=change");
    return this.git("rev-parse", "HEAD");
  }

  push(...args: readonly string[]): Promise<string> {
    return this.git("push", "--quiet", "--force", this.bare, ...(args.length ? args : ["main"]));
  }

  remove(): Promise<void> {
    return rm(this.#root, { recursive: true, force: true });
  }
}

export interface GitServer {
  readonly url: string;
  /** Requests so far, as `METHOD path`. */
  readonly requests: readonly string[];
  /** What the next requests come to instead, or null. */
  answer: { readonly status: number; readonly headers?: Record<string, string> } | "never" | null;
  /** Who may come in; null: everybody. */
  authorization: string | null;
  close(): Promise<void>;
}

/** Git's own server of repositories, `git http-backend`, behind `node:http`. */
export async function serveGit(repository: Repository): Promise<GitServer> {
  const requests: string[] = [];
  const backend = join(
    execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(),
    "git-http-backend",
  );
  const server = createServer((request, response) => {
    const { method = "GET", url = "/" } = request;
    requests.push(`${method} ${url}`);
    const { answer, authorization } = served;
    if (answer === "never") return;
    if (answer !== null) return response.writeHead(answer.status, answer.headers).end();
    if (authorization !== null && request.headers.authorization !== authorization) {
      return response.writeHead(401, { "www-authenticate": "Basic" }).end();
    }
    const { pathname, search } = new URL(url, "http://localhost");
    const child = spawn(backend, [], {
      env: {
        ...ENVIRONMENT,
        GIT_PROJECT_ROOT: dirname(repository.bare),
        GIT_HTTP_EXPORT_ALL: "1",
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: method,
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      },
    });
    child.stdin.on("error", () => undefined);
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("close", () => {
      const out = Buffer.concat(chunks);
      const end = out.indexOf("\r\n\r\n");
      const lines = out.toString("latin1", 0, end).split("\r\n");
      const headers = Object.fromEntries(lines.map((line) => line.split(": ") as [string, string]));
      const { Status: status = "200", ...rest } = headers;
      response.writeHead(Number.parseInt(status, 10), rest).end(out.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const served: GitServer = {
    url: `http://127.0.0.1:${port}/guardrails.git`,
    requests,
    answer: null,
    authorization: null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return served;
}

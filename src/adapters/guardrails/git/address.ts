/** What an operator wrote as the remote, the ref and the folder → what may be handed to Git. */
import { isAbsolute } from "node:path";
import querystring from "node:querystring";

/** A remote that can be asked. */
export interface Address {
  /** For Git, and for people: it holds no secret. */
  readonly url: string;
  /** The one transport that Git may use. */
  readonly protocol: "https" | "http" | "ssh" | "file";
  /** Of a user and a password in the URL; never in an argument, where other users could read it. */
  readonly authorization: string | null;
}

/** Said to whoever starts the gateway. */
export class GitUnusable extends Error {
  override readonly name = "GitUnusable";
}

/** `user@host:path`, as Git's hosts show it. */
const SCP_LIKE = /^[A-Za-z0-9_][\w.-]*@[A-Za-z0-9][\w.-]*:(?![/:])\S+$/;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
/** Names that `git check-ref-format` takes, and no more of them than anybody uses. */
const REF = /^[A-Za-z0-9_][A-Za-z0-9_./+@#=-]{0,199}$/;
const NO_REF = /\.\.|\/\/|\/\.|\.lock(\/|$)|@\{|[./]$/;
const PATH_CHARACTERS_MAX = 500;

export function addressOf(written: string): Address {
  if (isAbsolute(written)) return { url: written, protocol: "file", authorization: null };
  if (SCP_LIKE.test(written)) return { url: written, protocol: "ssh", authorization: null };
  const url = URL.canParse(written) ? new URL(written) : null;
  switch (url?.protocol) {
    case "https:":
      return overHttp(url, "https");
    case "http:":
      if (LOOPBACK.test(url.hostname)) return overHttp(url, "http");
      throw new GitUnusable("A remote over http can be changed by anybody on the way: use https.");
    case "ssh:":
      if (url.password !== "") throw new GitUnusable("ssh takes a key, not a password in the URL.");
      return { url: written, protocol: "ssh", authorization: null };
    case "file:":
      return { url: written, protocol: "file", authorization: null };
    default: {
      const known = "https://…, ssh://…, user@host:path, or the absolute path of a folder";
      throw new GitUnusable(`The remote of --git is none that is taken here: ${known}.`);
    }
  }
}

function overHttp(url: URL, protocol: "https" | "http"): Address {
  const { password, username } = url;
  url.username = "";
  url.password = "";
  if (username === "" && password === "") {
    return { url: url.href, protocol, authorization: null };
  }
  // Also where a bare `%` stands for itself.
  const pair = `${querystring.unescape(username)}:${querystring.unescape(password)}`;
  const authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
  return { url: url.href, protocol, authorization };
}

/** A branch, a tag, or one of them in full: `refs/heads/main`. */
export function refOf(written: string): string {
  if (REF.test(written) && !NO_REF.test(written)) return written;
  throw new GitUnusable(`The ref ${JSON.stringify(written)} is no name of a branch or tag.`);
}

/** A folder inside the repository; "" is all of it. */
export function folderOf(written: string): string {
  const parts = written.split("/").filter((part) => part !== "" && part !== ".");
  const isOutside = written.startsWith("/") || parts.includes("..");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for.
  if (isOutside || /[\x00-\x1f\\]/.test(written) || written.length > PATH_CHARACTERS_MAX) {
    throw new GitUnusable("The folder of --path is one inside the repository, like guardrails.");
  }
  return parts.join("/");
}

/** Finds the running gateway that a command is for. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { ControlClient } from "../control/client.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

/** Where the data of a gateway lies unless it is told otherwise. */
export const DATA_FOLDER = ".slipclutch";
/** Where the control listener is unless it is told otherwise. */
const CONTROL_URL = "http://127.0.0.1:4142";

/** Options that say which gateway. */
export interface Where {
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

/** The options of every command that asks a gateway. */
export interface Asking extends Where {
  readonly json?: boolean;
}

interface Address {
  readonly url: string;
  readonly token: string;
}

/** A client for the gateway that the options, the environment or the data folder name. */
export async function connect(where: Where, shell: Shell): Promise<ControlClient> {
  const { url, token } = await addressOf(where, shell);
  if (!URL.canParse(url)) {
    throw new CommandError(EXIT.usage, `"${url}" is no URL.`, `One looks like ${CONTROL_URL}`);
  }
  const { ControlClient } = await import("../control/client.ts");
  return new ControlClient(url, token);
}

async function addressOf(where: Where, shell: Shell): Promise<Address> {
  if (where.url !== undefined || where.token !== undefined) {
    return given(where.url, where.token ?? shell.environment.SLIPCLUTCH_TOKEN);
  }
  const { SLIPCLUTCH_URL, SLIPCLUTCH_TOKEN } = shell.environment;
  const inEnvironment = SLIPCLUTCH_URL !== undefined || SLIPCLUTCH_TOKEN !== undefined;
  if (where.data === undefined && inEnvironment) return given(SLIPCLUTCH_URL, SLIPCLUTCH_TOKEN);
  return local(resolve(shell.folder, where.data ?? DATA_FOLDER));
}

/** The local token is never taken for a URL that was given: it would be sent to a stranger. */
function given(url: string | undefined, token: string | undefined): Address {
  if (token !== undefined) return { url: url ?? CONTROL_URL, token };
  const hint = "Give --token or SLIPCLUTCH_TOKEN; slipclutch keys create --operator makes one.";
  throw new CommandError(EXIT.usage, `No token was given for ${url}.`, hint);
}

async function local(folder: string): Promise<Address> {
  const file = join(folder, "control.json");
  const hint = "Start one there, or name another with --data DIR, or --url and --token.";
  const read = await readFile(file, "utf8").then(
    (text) => ({ text }),
    (error: unknown) => ({ error }),
  );
  if ("error" in read) {
    const code = codeOf(read.error);
    const why = code === "ENOENT" ? "no gateway runs there" : `it cannot be read (${code})`;
    throw new CommandError(EXIT.unreachable, `${file}: ${why}.`, hint);
  }
  const address = parseAddress(read.text);
  if (address) return address;
  throw new CommandError(EXIT.unreachable, `${file} is not what a gateway writes.`, hint);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

function parseAddress(text: string): Address | null {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return null;
    const { url, token } = { url: undefined, token: undefined, ...parsed };
    return typeof url === "string" && typeof token === "string" ? { url, token } : null;
  } catch (error) {
    // A file that is half written is as good as none; anything else is a bug.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

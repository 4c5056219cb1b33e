/** Secrets of one data folder, for nobody but its owner: the encryption key and the local token. */
import { createHash } from "node:crypto";
import { chmod, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemChance } from "../adapters/clock/system.ts";

const KEY_BYTES = 32;
const OWNER_ONLY = 0o600;

/** The embedded store's own key, made at the first start. */
export async function ownKey(folder: string): Promise<string> {
  const path = join(folder, "key");
  const made = systemChance.hex(KEY_BYTES);
  try {
    const file = await open(path, "wx", OWNER_ONLY);
    await file.writeFile(`${made}\n`);
    await file.sync();
    await file.close();
    return made;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const key = (await readFile(path, "utf8")).trim();
  if (!/^[0-9a-f]{64}$/.test(key)) throw new Error(`${path} is not a key of 32 bytes in hex`);
  return key;
}

/** Tells one key from another without being of any use to find it. */
export function keyIdOf(key: string): string {
  return createHash("sha256").update("slipclutch key id\0").update(key).digest("hex").slice(0, 16);
}

export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

/** Where the local command line finds this gateway, and the token of this boot. */
export async function writeControl(folder: string, url: string, token: string): Promise<void> {
  const path = join(folder, "control.json");
  const fresh = `${path}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify({ url, token })}\n`, { mode: OWNER_ONLY });
  await chmod(fresh, OWNER_ONLY);
  await rename(fresh, path);
}

export async function removeControl(folder: string): Promise<void> {
  await rm(join(folder, "control.json"), { force: true });
}

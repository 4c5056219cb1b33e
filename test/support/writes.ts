/** When gateways wrote their tool calls: a server that is asked stamps them later, by any delay. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const STAMPS = pathToFileURL(join(import.meta.dirname, "stamp-writes.mjs")).href;
const NANOSECONDS_PER_MS = 1e6;

export interface Writes {
  /** Of the gateways whose writes are noted. */
  readonly environment: Readonly<Record<string, string>>;
  /** Their instants in milliseconds, oldest first. */
  instants(): Promise<readonly number[]>;
  close(): Promise<void>;
}

export async function noteWrites(): Promise<Writes> {
  const folder = await mkdtemp(join(tmpdir(), "slipclutch-writes-"));
  const file = join(folder, "writes");
  await writeFile(file, "");
  return {
    environment: { NODE_OPTIONS: `--import ${STAMPS}`, SLIPCLUTCH_TEST_WRITES: file },
    async instants() {
      const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
      return lines.map((line) => Number(line) / NANOSECONDS_PER_MS).sort((a, b) => a - b);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Entries as lines of JSON, appended to a file that only its owner reads. Whoever turns the file
 * over (logrotate) moves it away: the next entries go to a new one.
 */
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { DecisionEvent, DecisionSink } from "../../../ports/decision-log.ts";

const MODE = 0o600;
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK;
const NEWLINE = 0x0a;

/** `path`: absolute. Its folder has to be there. */
export function fileSink(path: string): DecisionSink {
  return new FileSink(path);
}

class FileSink implements DecisionSink {
  readonly kind = "file";
  readonly #path: string;
  #file: FileHandle | null = null;
  #isClosed = false;

  constructor(path: string) {
    this.#path = path;
  }

  async send(events: readonly DecisionEvent[]): Promise<void> {
    if (this.#isClosed) throw new Error("closed");
    if (events.length === 0) return;
    const lines = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    const file = await this.#current();
    try {
      await append(file, lines);
    } catch (error) {
      // What became of the file is looked at afresh.
      await this.#letGo();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#letGo();
  }

  /** The file that has the name now: the open one, unless it was moved away or removed. */
  async #current(): Promise<FileHandle> {
    if (this.#file !== null && !(await isAt(this.#path, this.#file))) await this.#letGo();
    this.#file ??= await opened(this.#path);
    return this.#file;
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }
}

async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const [named, own] = await Promise.all([stat(path).catch(absent), file.stat()]);
  return named !== null && named.ino === own.ino && named.dev === own.dev;
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}

async function opened(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS, MODE);
  try {
    if (!(await file.stat()).isFile()) throw new Error("it is no regular file");
    await endLine(file);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Whoever was killed while writing left half a line, which is not to be the beginning of ours. */
async function endLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const last = Buffer.alloc(1);
  const { bytesRead } = await file.read(last, 0, 1, size - 1);
  if (bytesRead === 1 && last[0] !== NEWLINE) await file.write("\n");
}

/** All of it or, as far as nobody else writes there, nothing: it is going to be sent again. */
async function append(file: FileHandle, bytes: Buffer): Promise<void> {
  const { size } = await file.stat();
  let written = 0;
  try {
    while (written < bytes.length) {
      const { bytesWritten } = await file.write(bytes, written);
      written += bytesWritten;
    }
  } catch (error) {
    const now = await file.stat();
    if (written > 0 && now.size === size + written) await file.truncate(size);
    throw error;
  }
}

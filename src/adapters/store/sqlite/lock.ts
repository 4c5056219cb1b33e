import { DatabaseSync } from "node:sqlite";
import { StoreLocked } from "./errors.ts";

/** SQLite's code for a file that another connection has locked. */
const BUSY = 5;

/**
 * Takes the folder for this process; the answer lets it go. The kernel holds the lock as long as
 * the process lives and drops it with the process, however that ends: so who has it knows that
 * everybody before is gone. A file that only says a pid would be believed after its death.
 */
export function lockFolder(folder: string): () => void {
  const database = new DatabaseSync(`${folder}/lock`, { timeout: 0 });
  try {
    database.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (isBusy(error)) throw new StoreLocked(folder);
    throw error;
  }
  return () => database.close();
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === BUSY;
}

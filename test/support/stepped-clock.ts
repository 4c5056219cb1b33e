/** A wall clock of a real process, or of several, that a test steps while they run. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { faketimeLibrary } from "./parts.ts";

export interface SteppedClock {
  /** For the processes that live by this clock. */
  readonly environment: Readonly<Record<string, string>>;
  /** From now on it is so much ahead of the machine's, or behind. */
  set(aheadMs: number): void;
  /** From now on it says this instant, and goes on from there. */
  setTo(instant: string): void;
  remove(): void;
}

/** Steps are whole seconds. The monotonic clock stays the machine's, as in a real step. */
export function steppedClock(): SteppedClock {
  const library = faketimeLibrary();
  if (library === null) throw new Error("libfaketime is not installed");
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipclutch-clock-"));
  // A server of PostgreSQL runs as another user.
  fs.chmodSync(folder, 0o755);
  const file = path.join(folder, "ahead");
  const set = (aheadMs: number) => {
    const seconds = Math.round(aheadMs / 1_000);
    // Moved into place, so that nobody reads half of it.
    fs.writeFileSync(`${file}-new`, `${seconds < 0 ? "-" : "+"}${Math.abs(seconds)}`);
    fs.renameSync(`${file}-new`, file);
  };
  set(0);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    },
    set,
    setTo: (instant) => set(Date.parse(instant) - Date.now()),
    remove: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

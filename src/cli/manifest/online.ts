/** Asks the tool servers of a folder what they offer now; programs are started for it. */
import { resolve } from "node:path";
import { type Described, describedBy } from "../../compose/offers.ts";
import { systemClock } from "../../compose/process.ts";
import type { Reading } from "../../config/review/reading.ts";
import type { Manifest } from "../../guards/manifest/manifest.ts";
import type { Shell } from "../shell.ts";

/** What a program says beside its answers. */
const WARNED_CHARS_MAX = 300;

export function askServers(
  { configuration }: Reading,
  manifests: Iterable<Manifest>,
  folder: string,
  shell: Shell,
): Promise<ReadonlyMap<string, Described>> {
  const names = [...manifests].flatMap(({ tools }) => tools.allowed.map(({ server }) => server));
  return describedBy(configuration, names, {
    clock: systemClock,
    environment: shell.environment,
    folder: resolve(shell.folder, folder),
    log: {
      info: () => {},
      warn: (message, fields) => {
        const text = `${message} ${JSON.stringify(fields)}`.slice(0, WARNED_CHARS_MAX);
        shell.err.write(`${text}\n`);
      },
    },
  });
}

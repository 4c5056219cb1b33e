/** Asks the tool servers of a folder what they offer now. */
import { type Described, describedBy } from "../../compose/offers.ts";
import { systemClock } from "../../compose/process.ts";
import type { Reading } from "../../config/review/reading.ts";
import type { Manifest } from "../../guards/manifest/manifest.ts";

export function askServers(
  { configuration }: Reading,
  manifests: Iterable<Manifest>,
): Promise<ReadonlyMap<string, Described>> {
  const names = [...manifests].flatMap(({ tools }) => tools.allowed.map(({ server }) => server));
  return describedBy(configuration, names, systemClock);
}

/** Files of configurations, to and from the store. */
import { packed, unpacked } from "../config/bundle.ts";
import type { Configuration, Loaded } from "../config/configuration.ts";
import { readAll } from "../config/load.ts";
import type { ReadOptions } from "../config/read.ts";
import type { Bundle, Store } from "../ports/store.ts";
import { todayText } from "./today.ts";

/** What reading a configuration takes of this process. */
export type Reading = Required<Pick<ReadOptions, "environment" | "engines">>;

/** A folder that holds. */
export type Sound = Extract<Loaded, { kind: "ok" }>;

/** Before it is put in force: others follow from what is kept. */
export async function keepBundle(
  { bundles }: Pick<Store, "bundles">,
  { configuration, files }: Sound,
  source: string | null,
): Promise<void> {
  const { bundle: id, commit } = configuration;
  await bundles.keep({ id, source, commit, content: packed(files) });
}

/** With which a running task began; null: the store has no such files, or they hold no more. */
export async function readPast(
  bundle: string,
  { bundles }: Pick<Store, "bundles">,
  reading: Reading,
): Promise<Configuration | null> {
  const kept = await bundles.find(bundle);
  if (kept === null) return null;
  const loaded = await readBundle(kept, reading);
  return loaded.kind === "ok" ? loaded.configuration : null;
}

/** Read as it would be read from where it came from, with the environment of today. */
export async function readBundle(bundle: Bundle, reading: Reading): Promise<Loaded> {
  const { commit, content, id } = bundle;
  const files = unpacked(id, content);
  const { engines, environment } = reading;
  return readAll(files, { environment, engines, today: todayText(), commit });
}

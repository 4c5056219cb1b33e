/** Files of configurations, to and from the store. */
import { bundleOf, packed, unpacked } from "../config/bundle.ts";
import type { Loaded } from "../config/configuration.ts";
import type { Environment } from "../config/environment.ts";
import { readFiles } from "../config/read.ts";
import type { Bundle, Store } from "../ports/store.ts";
import { todayText } from "./today.ts";

/** A folder that holds. */
export type Sound = Extract<Loaded, { kind: "ok" }>;

/** Before it is put in force: others follow from what is kept. */
export async function keepBundle(
  { bundles }: Pick<Store, "bundles">,
  { configuration, files }: Sound,
  source: string | null,
): Promise<void> {
  const { commit, digest } = configuration;
  await bundles.keep({ id: bundleOf(digest), source, commit, content: packed(files) });
}

/** Read as it would be read from where it came from, with the environment of today. */
export function readBundle(bundle: Bundle, environment: Environment): Loaded {
  const { commit, content, id } = bundle;
  return readFiles(unpacked(id, content), { environment, today: todayText(), commit });
}

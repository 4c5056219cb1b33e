import { FLUSH } from "./flush.ts";
import { FORFEITS } from "./forfeits.ts";
import { HOLDERS } from "./holders.ts";
import { MONEY } from "./money.ts";
import { REGISTRY } from "./registry.ts";
import { TABLES } from "./tables.ts";
import { TASKS } from "./tasks.ts";

/**
 * What each version of the schema adds, in order. A version that was released is never edited: two
 * neighbouring releases share a store while one replaces the other.
 */
export const VERSIONS: readonly { readonly no: number; readonly statements: string }[] = [
  { no: 1, statements: [TABLES, MONEY, FLUSH, HOLDERS, FORFEITS, REGISTRY, TASKS].join("\n") },
];

import { BUNDLES } from "./bundles.ts";
import { CLAIMS } from "./claims.ts";
import { CLUTCH } from "./clutch.ts";
import { COMMITMENTS } from "./commitments.ts";
import { COPIES } from "./copies.ts";
import { COUNTERS } from "./counters.ts";
import { DECISIONS } from "./decisions.ts";
import { FLUSH } from "./flush.ts";
import { FORFEITS } from "./forfeits.ts";
import { HOLDERS } from "./holders.ts";
import { MONEY } from "./money.ts";
import { NOTICES } from "./notices.ts";
import { OUTCOMES } from "./outcomes.ts";
import { OVERRIDES } from "./overrides.ts";
import { PARKING } from "./parking.ts";
import { PERMITS } from "./permits.ts";
import { REGISTRY } from "./registry.ts";
import { SHARED_TABLES } from "./shared-tables.ts";
import { TABLES } from "./tables.ts";
import { TASKS } from "./tasks.ts";
import { TRANSCRIPTS } from "./transcripts.ts";

const FIRST = [TABLES, SHARED_TABLES, MONEY, FLUSH, HOLDERS, FORFEITS, REGISTRY, TASKS].concat(
  ...[
    PERMITS,
    CLUTCH,
    OVERRIDES,
    DECISIONS,
    COPIES,
    PARKING,
    CLAIMS,
    COUNTERS,
    BUNDLES,
    COMMITMENTS,
  ],
  [OUTCOMES, NOTICES, TRANSCRIPTS],
);

/**
 * What each version of the schema adds, in order. A version that was released is never edited: two
 * neighbouring releases share a store while one replaces the other.
 */
export const VERSIONS: readonly { readonly no: number; readonly statements: string }[] = [
  { no: 1, statements: FIRST.join("\n") },
];

import { describe } from "vitest";
import { accountConformance } from "./accounts.ts";
import { bundleConformance } from "./bundles.ts";
import { changeConformance } from "./changes.ts";
import { claimConformance } from "./claims.ts";
import { clutchConformance } from "./clutch.ts";
import { commitmentConformance } from "./commitments.ts";
import { copiesConformance } from "./copies.ts";
import { counterConformance } from "./counters.ts";
import { decisionConformance } from "./decisions.ts";
import type { OpenFixture } from "./fixture.ts";
import { forfeitConformance } from "./forfeits.ts";
import { goneConformance } from "./gone.ts";
import { holderConformance } from "./holders.ts";
import { hourConformance } from "./hours.ts";
import { huntConformance } from "./hunt.ts";
import { inputConformance } from "./inputs.ts";
import { journalConformance } from "./journal.ts";
import { ledgerConformance } from "./ledger.ts";
import { noticeConformance } from "./notices.ts";
import { outcomeConformance } from "./outcomes.ts";
import { overrideConformance } from "./overrides.ts";
import { parkingConformance } from "./parking.ts";
import { permitConformance } from "./permits.ts";
import { pruneConformance } from "./prune.ts";
import { registryConformance } from "./registry.ts";
import { taskConformance } from "./tasks.ts";
import { transcriptConformance } from "./transcripts.ts";
import { watchConformance } from "./watch.ts";

export type { Fixture, OpenFixture } from "./fixture.ts";

/**
 * What every store must do, one suite for each of its ports. `open` gives a fresh, empty store each
 * time; a suite opens few of them and keeps its cases apart by names of their own.
 */
export function storeConformance(name: string, open: OpenFixture): void {
  describe(`${name} store`, () => {
    ledgerConformance(open);
    accountConformance(open);
    holderConformance(open);
    forfeitConformance(open);
    watchConformance(open);
    journalConformance(open);
    registryConformance(open);
    taskConformance(open);
    permitConformance(open);
    clutchConformance(open);
    decisionConformance(open);
    changeConformance(open);
    overrideConformance(open);
    parkingConformance(open);
    claimConformance(open);
    goneConformance(open);
    copiesConformance(open);
    pruneConformance(open);
    counterConformance(open);
    hourConformance(open);
    bundleConformance(open);
    commitmentConformance(open);
    outcomeConformance(open);
    inputConformance(open);
    transcriptConformance(open);
    noticeConformance(open);
    huntConformance(open);
  });
}

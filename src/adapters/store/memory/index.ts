import type { Clock } from "../../../ports/clock.ts";
import type { Store } from "../../../ports/store.ts";
import { memoryBundles } from "./bundles.ts";
import { memoryClutch } from "./clutch.ts";
import { memoryCommitments } from "./commitments.ts";
import { memoryCounters } from "./counters.ts";
import { type MemoryData, memoryData } from "./data.ts";
import { memoryForfeits } from "./forfeits.ts";
import { memoryHolders } from "./holders.ts";
import { memoryInputs } from "./inputs.ts";
import { memoryJournal } from "./journal.ts";
import { memoryLedger } from "./ledger.ts";
import { memoryMessages } from "./messages.ts";
import { memoryNotices } from "./notices.ts";
import { memoryOutcomes } from "./outcomes.ts";
import { memoryOverrides } from "./overrides.ts";
import { memoryParking } from "./parking.ts";
import { memoryPermits } from "./permits.ts";
import { memoryRegistry } from "./registry.ts";
import { memoryTasks } from "./tasks.ts";
import { memoryTranscripts } from "./transcripts.ts";

export { type MemoryData, memoryData } from "./data.ts";

/**
 * A store in the memory of this process: the reference for what a store does, and the fake that
 * tests use. Several handles on one `data` are what several processes are on one database. Nothing
 * in it waits or rolls dice, so a run with the same calls is the same run.
 */
export function memoryStore(options: { readonly clock: Clock; readonly data?: MemoryData }): Store {
  const data = options.data ?? memoryData();
  return {
    ledger: memoryLedger(data, options.clock),
    holders: memoryHolders(data, options.clock),
    forfeits: memoryForfeits(data, options.clock),
    journal: memoryJournal(data),
    registry: memoryRegistry(data),
    tasks: memoryTasks(data),
    permits: memoryPermits(data, options.clock),
    clutch: memoryClutch(data, options.clock),
    messages: memoryMessages(data),
    overrides: memoryOverrides(data),
    parking: memoryParking(data, options.clock),
    counters: memoryCounters(data),
    bundles: memoryBundles(data),
    commitments: memoryCommitments(data, options.clock),
    outcomes: memoryOutcomes(data, options.clock),
    inputs: memoryInputs(data),
    transcripts: memoryTranscripts(data),
    notices: memoryNotices(data, options.clock),
    close: async () => {},
  };
}

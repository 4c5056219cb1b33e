import { randomUUID } from "node:crypto";
import type { Clock } from "../../../ports/clock.ts";
import type { Store } from "../../../ports/store.ts";
import { AddressUnusable, parseAddress } from "./address.ts";
import { bundles } from "./bundles.ts";
import { clutch } from "./clutch.ts";
import { commitments } from "./commitments.ts";
import { beatLane, sessionSettings, workLane } from "./connections.ts";
import { counters } from "./counters.ts";
import { forfeits } from "./forfeits.ts";
import { holders } from "./holders.ts";
import { inputs } from "./inputs.ts";
import { journal } from "./journal.ts";
import { ledger } from "./ledger.ts";
import { messages } from "./messages.ts";
import { migrate } from "./migrate.ts";
import { noticeRows } from "./notice-rows.ts";
import { notices } from "./notices.ts";
import { outcomes } from "./outcomes.ts";
import { overrides } from "./overrides.ts";
import { parking } from "./parking.ts";
import { permits } from "./permits.ts";
import { registry } from "./registry.ts";
import { tasks } from "./tasks.ts";
import { transcripts } from "./transcripts.ts";

export { AddressUnusable } from "./address.ts";
export { SchemaUnusable } from "./migrate.ts";

const SCHEMA = "slipclutch_v1";

export interface PostgresOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; no error repeats the password. */
  readonly url: string;
  /** Name of the schema; a lower-case word. */
  readonly schema?: string;
  readonly clock: Clock;
}

/**
 * The store that many processes share. It rejects with `AddressUnusable` or `SchemaUnusable`, which
 * the operator has to mend, or with `StoreUnreachable`, after which it may be tried again.
 * A connection that breaks is replaced when it is needed next.
 */
export async function postgresStore(options: PostgresOptions): Promise<Store> {
  const { clock, schema = SCHEMA } = options;
  // It becomes part of statements, so it may be nothing but a plain word.
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new AddressUnusable(`The schema ${schema} is not a plain lower-case word.`);
  }
  const origin = randomUUID();
  const address = parseAddress(options.url, sessionSettings(schema, origin));
  await migrate(address, schema);
  const work = workLane(address, clock);
  const beats = beatLane(address, clock);
  const heard = notices({ address, clock, schema, origin });
  return {
    ledger: ledger(work),
    holders: holders({ work, beats, watch: heard.watch }),
    forfeits: forfeits(work),
    journal: journal(work),
    registry: registry(work),
    tasks: tasks(work),
    permits: permits(work),
    clutch: clutch(work),
    messages: messages(work),
    overrides: overrides(work),
    parking: parking(work),
    counters: counters(work),
    bundles: bundles(work),
    commitments: commitments(work),
    outcomes: outcomes(work),
    inputs: inputs(work),
    transcripts: transcripts(work),
    notices: noticeRows(work),
    async close() {
      heard.close();
      await Promise.all([work.close(), beats.close()]);
    },
  };
}

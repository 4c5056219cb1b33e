import { Client } from "pg";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { postgresStore } from "../../src/adapters/store/postgres/index.ts";
import type { Store } from "../../src/ports/store.ts";
import { storeConformance } from "../../src/testing/store-conformance/index.ts";
import { describePostgres, freshSchema } from "../support/postgres.ts";

describePostgres("postgres", (cluster) => {
  storeConformance("postgres", async () => {
    const schema = freshSchema();
    const opened: Store[] = [];
    return {
      async store() {
        const { url } = cluster();
        const store = await postgresStore({ url, schema, clock: systemClock });
        opened.push(store);
        return store;
      },
      async ageNotifiers(ms) {
        const client = new Client({ connectionString: cluster().url });
        await client.connect();
        await client.query(`UPDATE "${schema}".notifier SET claimed_at = claimed_at - $1`, [ms]);
        await client.end();
      },
      // The data goes with the cluster.
      async dispose() {
        await Promise.all(opened.map((store) => store.close()));
      },
    };
  });
});

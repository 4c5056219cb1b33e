/**
 * One gateway's process, as small as it can be: it leases one unit after another from a shared
 * account until there is none, and says each total once it has it. It says 0 when it is ready and
 * begins when it is told anything.
 */
import { once } from "node:events";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { postgresStore } from "../../src/adapters/store/postgres/index.ts";

const [url = "", schema = "", holder = "", account = ""] = process.argv.slice(2);
const store = await postgresStore({ url, schema, clock: systemClock });
process.stdout.write("0\n");
await once(process.stdin, "data");
process.stdin.destroy();
for (let total = 1n; ; total += 1n) {
  const want = { account: Number(account), least: total, most: total };
  const answer = await store.ledger.lease(holder, [want]);
  if (answer.kind !== "ok") break;
  process.stdout.write(`${total}\n`);
}
await store.close();

// Loaded into a gateway: notes when each tool call over HTTP is written, the moment before its bytes
// go to the socket, on the monotonic clock that all processes of a machine share.
import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";

const file = process.env.SLIPCLUTCH_TEST_WRITES;

if (file !== undefined) {
  subscribe("undici:client:sendHeaders", ({ request }) => {
    const at = process.hrtime.bigint();
    const body = Buffer.from(request.body ?? "").toString("utf8");
    if (body.includes('"tools/call"')) appendFileSync(file, `${at}\n`);
  });
}

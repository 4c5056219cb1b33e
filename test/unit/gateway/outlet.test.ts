/** The client's end of a stream, over a real socket. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Outlet } from "../../../src/gateway/outlet.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

const server = createServer();
const EVENTS = { "content-type": "text/event-stream" };

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test("while it waits for its head it says nothing, and another answer can take its place", async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const answer = fetch(`http://127.0.0.1:${port}`);
  const [, response] = (await once(server, "request")) as [unknown, ServerResponse];
  const clock = testClock();
  const outlet = new Outlet(response, clock, () => null);
  outlet.open({ status: 200, headers: EVENTS }, true);
  outlet.keepAlive();
  clock.advance(60_000);
  expect(response.headersSent).toBe(false);
  outlet.close();
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
  expect(await (await answer).json()).toEqual({});
});

/** Around a server of an official SDK: answers that the SDK cannot be brought to. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import type { ToolScript } from "../../src/testing/tool-server-fixture.ts";

export const RAW: Partial<
  Record<ToolScript["call"], (response: ServerResponse, isJson: boolean) => void>
> = {
  half: (response, isJson) => {
    const type = isJson ? "application/json" : "text/event-stream";
    response.writeHead(200, { "content-type": type });
    response.write(isJson ? '{"jsonrpc":' : 'data: {"jsonrpc":', () => response.socket?.destroy());
  },
  reset: (response) => response.socket?.destroy(),
  garbage: (response) => response.writeHead(200, { "content-type": "application/json" }).end("{"),
  empty: (response) => response.writeHead(200, { "content-type": "application/json" }).end(),
  "http-500": (response) => response.writeHead(500).end(),
  redirect: (response) => response.writeHead(307, { location: "/elsewhere" }).end(),
  gzip: (response) => {
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    response.writeHead(200, headers).end(gzipSync("{}"));
  },
};

export async function readBody(request: IncomingMessage): Promise<{ method?: unknown }> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

/** How a scripted server answers over HTTP, well or not. */
import type { ServerResponse } from "node:http";
import { renderNotification } from "../wire/json-rpc.ts";

const FLOOD_NOTICE = renderNotification("notifications/message", { data: "x".repeat(4_000) });
const FLOOD_FRAME = `data: ${FLOOD_NOTICE}\n\n`;

export function json(response: ServerResponse, text: string, code = 200): void {
  response.writeHead(code, { "content-type": "application/json" }).end(text);
}

export function status(response: ServerResponse, code: number): void {
  response.writeHead(code).end();
}

export function reset(response: ServerResponse): void {
  response.socket?.destroy();
}

/** Events without an end, for as long as somebody reads them. */
export function flood(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const more = (): void => {
    while (!response.destroyed && response.write(FLOOD_FRAME));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
}

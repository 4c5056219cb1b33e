/** A client of MCP: it gives up after a minute, and it can say that it wants a call no more. */
import type { Millis } from "../../guards/money.ts";
import type { RpcId } from "../../wire/json-rpc.ts";
import type { Incoming } from "../call.ts";
import { HttpClient } from "../client.ts";
import type { Gateway } from "../gateway.ts";
import type { Revision } from "./mcp-revision.ts";

/** The official clients give up after a minute, and nothing that is sent extends it. */
export const PATIENCE_MS = 50_000;

/** What a cancellation names: ids are made by each client, so two may have made the same. */
interface Asked {
  readonly id: RpcId;
  readonly revision: Revision;
  /** It follows what is parked by itself, and is told so at once. */
  readonly follows?: boolean;
}

export class McpClient extends HttpClient {
  readonly #incoming: Incoming;
  readonly #asked: Asked;
  readonly #gateway: Gateway;
  readonly #from: string | undefined;
  readonly #since: Millis;
  #cut: (() => void) | null = null;

  constructor(asked: Asked, incoming: Incoming, gateway: Gateway) {
    super(incoming.response, incoming.headers);
    this.#asked = asked;
    this.#incoming = incoming;
    this.#gateway = gateway;
    this.#from = peerOf(incoming);
    this.#since = gateway.clock.monotonic();
  }

  /** Counted from the request on, however often its call is parked. */
  override get patienceMs(): Millis {
    if (this.#asked.follows === true) return 0;
    return Math.max(0, PATIENCE_MS - (this.#gateway.clock.monotonic() - this.#since));
  }

  /** From 2026-07-28 on to hang up is to cancel; before, only saying so is. */
  override onCut(listen: () => void): void {
    this.#cut = listen;
    if (this.#asked.revision === "stateless") this.onGone(listen);
  }

  isCancelledBy(id: RpcId, { key, response, taskName }: Incoming): boolean {
    const mine = this.#incoming;
    const sameCaller = mine.key.id === key.id && mine.taskName.id === taskName.id;
    return this.#asked.id === id && sameCaller && this.#from === response.socket?.remoteAddress;
  }

  cut(): void {
    this.#cut?.();
  }
}

/** Asked while it is connected: a socket that was closed does not know. */
function peerOf({ response }: Incoming): string | undefined {
  return response.socket?.remoteAddress;
}

/** Cuts the call that is meant, if it runs here and is the only one that can be meant. */
export function cancel(id: RpcId, incoming: Incoming, gateway: Gateway): void {
  const meant: McpClient[] = [];
  for (const { call } of gateway.inFlight.values()) {
    const { client } = call;
    if (client instanceof McpClient && client.isCancelledBy(id, incoming)) meant.push(client);
  }
  const [only, ...others] = meant;
  if (others.length === 0) only?.cut();
}

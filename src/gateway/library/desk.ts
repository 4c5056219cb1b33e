/**
 * How whoever reads is answered over MCP: by what was read, or by an error of the protocol. There
 * is no result of reading that says that it failed, so a refusal is told as MCP tells that there is
 * no such thing, with the code of the refusal in its data.
 */
import type { Origin } from "../../guards/events.ts";
import type { Denial, DenialCode } from "../../guards/verdict.ts";
import type { ToolResult } from "../../ports/tool-server.ts";
import { isObject, type JsonObject } from "../../wire/json.ts";
import { RPC_CODES, renderError } from "../../wire/json-rpc.ts";
import { messageOf } from "../../wire/refusal.ts";
import type { Incoming } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { McpDesk, metaOf, waitOf } from "../tools/mcp-desk.ts";
import { type AskedOf, resultText } from "../tools/mcp-reply.ts";

/** Of MCP before 2026-07-28, which says it as invalid parameters. */
const RESOURCE_NOT_FOUND = -32_002;
/** Each reading is decided and written down: nobody is to keep what it brought. */
const NOT_KEPT = { ttlMs: 0, cacheScope: "private" };
/** What a client has got wrong, and not what is wrong here. */
const OF_THE_REQUEST: ReadonlySet<DenialCode> = new Set<DenialCode>([
  ...(["manifest.unknown-tool", "manifest.arguments"] as const),
  ...(["request.too-large", "request.malformed"] as const),
]);

export class ReadingDesk extends McpDesk {
  readonly #asked: AskedOf;
  readonly #kind: "resource" | "prompt";
  readonly #gateway: Gateway;

  constructor(asked: AskedOf, kind: "resource" | "prompt", incoming: Incoming, gateway: Gateway) {
    super(asked, incoming, gateway);
    this.#asked = asked;
    this.#kind = kind;
    this.#gateway = gateway;
  }

  protected override answerText({ isError, structuredContent }: ToolResult): string {
    const read: JsonObject = isObject(structuredContent) ? structuredContent : {};
    if (isError) return this.#errorText(read);
    const isCached = this.#kind === "resource" && this.#asked.revision === "stateless";
    return resultText(this.#asked, isCached ? { ...read, ...NOT_KEPT } : read, this.#gateway);
  }

  protected override refusalText(denial: Denial, origin: Origin): string {
    const { id } = this.#asked.request;
    const message = `${messageOf(denial)}${waitOf(denial)}`;
    const data = { ...metaOf(denial, origin), ...this.#named() };
    return renderError(id, { code: this.#codeOf(denial), message, data });
  }

  /** The server's own words; of its codes only those that clients know from here too. */
  #errorText({ code, message }: JsonObject): string {
    const isMissing = code === RESOURCE_NOT_FOUND || code === RPC_CODES.invalidParams;
    return renderError(this.#asked.request.id, {
      code: isMissing ? this.#notFound() : RPC_CODES.internal,
      message: typeof message === "string" ? message : "",
      data: this.#named(),
    });
  }

  #codeOf({ code }: Denial): number {
    if (code === "manifest.unknown-tool") return this.#notFound();
    return OF_THE_REQUEST.has(code) ? RPC_CODES.invalidParams : RPC_CODES.internal;
  }

  #notFound(): number {
    const isCodeOfIts = this.#kind === "resource" && this.#asked.revision === "handshake";
    return isCodeOfIts ? RESOURCE_NOT_FOUND : RPC_CODES.invalidParams;
  }

  /** The specification wants the URI in what says that it was not found. */
  #named(): JsonObject {
    const { name, uri } = this.#asked.request.params;
    return this.#kind === "resource" ? { uri } : { name };
  }
}

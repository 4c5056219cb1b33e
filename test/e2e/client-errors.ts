/** What a refusal of ours becomes in each official client. */
import { expect } from "vitest";
import { DENIALS, type DenialCode } from "../../src/guards/verdict.ts";
import type { Client, Outcome, Raised } from "./official-clients.ts";

/** What each client calls a status. */
function nameOf({ family, language }: Client, status: number): string {
  const plain = language === "TypeScript" ? "APIError" : "APIStatusError";
  const common: Record<number, string> = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    429: "RateLimitError",
    500: "InternalServerError",
    502: "InternalServerError",
  };
  const own: Record<number, string> =
    family === "openai"
      ? { 402: plain, 413: plain, 503: "InternalServerError", 504: "InternalServerError" }
      : {
          402: "PaymentRequiredError",
          413: "ContentTooLargeError",
          503: "ServiceUnavailableError",
          504: "GatewayTimeoutError",
        };
  return common[status] ?? own[status] ?? "";
}

const TYPES: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "permission_error",
  403: "permission_error",
  404: "invalid_request_error",
  413: "invalid_request_error",
  429: "rate_limit_error",
  502: "api_error",
  503: "api_error",
  504: "api_error",
};

/** How each client begins the message of an error. */
function messageOf({ family, language }: Client, status: number, says: string): string {
  if (language === "TypeScript") return `${status} ${says}`;
  // One of the two prints the whole body as Python writes it, with the quotes of its choice.
  return family === "openai" ? `Error code: ${status} - ${says}` : says;
}

/** The error; an answer fails the test. */
export function raised(outcome: Outcome): Raised {
  if (outcome.kind === "answer") throw new Error(`was answered: ${JSON.stringify(outcome.answer)}`);
  return outcome;
}

/** In full: class, status, code, type and words, as this client shows them. */
export function expectRefusal(client: Client, error: Raised, code: DenialCode): void {
  const { says, status } = DENIALS[code];
  expect(error).toMatchObject({
    name: nameOf(client, status),
    status,
    code,
    type: TYPES[status],
    message: expect.stringContaining(messageOf(client, status, says)),
  });
}

/** The fields of slipclutch.yaml about where people are told of reviews and alarms. */
import { z } from "zod";
import { NOTICE_KINDS } from "../guards/notice/notice.ts";
import { agentPattern, headers, id, oneOf, strict, TEXT_MAX, text, yesOrNo } from "./fields.ts";
import { LATER_NOTIFIERS } from "./later.ts";

/** Each is asked of at the store every second. */
export const NOTIFIERS_MAX = 32;
const PATTERNS_MAX = 1_000;

const URL_MESSAGE =
  "a URL like https://host/path, without user, password or fragment\nTake it from the environment where whoever knows it could post there.";
const hookUrl = z
  .string({ error: URL_MESSAGE })
  .regex(/^https?:\/\/[^\s#]+$/, { error: URL_MESSAGE })
  .max(TEXT_MAX, { error: URL_MESSAGE })
  .refine((value) => URL.parse(value)?.username === "" && URL.parse(value)?.password === "", {
    error: URL_MESSAGE,
  });

/** One notifier. */
export const notifier = strict({
  kind: oneOf(["slack", "webhook"], LATER_NOTIFIERS).describe(
    "Slack's incoming webhook, or a signed request to a program of yours.",
  ),
  webhook_url: hookUrl.describe("`kind: slack`: the address that Slack gave you.").optional(),
  url: hookUrl.describe("`kind: webhook`: where events are posted.").optional(),
  secret: text
    .describe(
      `\`kind: webhook\`: signs what is posted; 16 characters at least. Write \${NAME} to take it from the environment.`,
    )
    .optional(),
  previous_secret: text
    .describe("`kind: webhook`: signs as well, while receivers change over to `secret`.")
    .optional(),
  headers: headers.describe("`kind: webhook`: extra headers for every request.").optional(),
  allow_http: yesOrNo
    .describe("`kind: webhook`: `url` may be plain http to another machine. Default false.")
    .optional(),
  agents: z
    .array(agentPattern, { error: "a list of agents" })
    .min(1, { error: "at least one agent" })
    .max(PATTERNS_MAX)
    .describe("Only of these agents; `*` in an id stands for any text. Default all.")
    .optional(),
  labels: strict({
    team: id.describe("Only of agents of this team.").optional(),
    org: id.describe("Only of agents of this organisation.").optional(),
    owner: id.describe("Only of agents that this owner answers for.").optional(),
  })
    .describe("Only of agents whose manifest has all of these labels.")
    .optional(),
  on: z
    .array(oneOf(NOTICE_KINDS), { error: "a list of kinds" })
    .min(1, { error: "at least one kind" })
    .max(NOTICE_KINDS.length)
    .describe("Only of reviews of these kinds, and of alarms if `alert` is there. Default all six.")
    .optional(),
});

export type RawNotifier = z.output<typeof notifier>;

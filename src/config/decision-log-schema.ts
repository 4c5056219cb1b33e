/** The fields of slipclutch.yaml about where decisions by policy are logged. */
import { isAbsolute } from "node:path";
import { z } from "zod";
import { headers, ID_CHARACTERS_MAX, id, serverUrl, strict, yesOrNo } from "./fields.ts";
import { bearer } from "./http-schema.ts";

/** They are in every entry. */
const LABELS_MAX = 32;
const PATH_CHARACTERS_MAX = 4096;

const FILE =
  "an absolute path of a file like /var/log/slipclutch/decisions.jsonl\nIts folder has to be there.";
const file = z
  .string({ error: FILE })
  .max(PATH_CHARACTERS_MAX, { error: FILE })
  .refine((path) => isAbsolute(path) && !path.includes("\0") && !/[/\\]$/.test(path), {
    error: FILE,
  });

const LABELS = `at most ${LABELS_MAX} names with a text of at most ${ID_CHARACTERS_MAX} characters each`;
const allowHttp = yesOrNo
  .describe("`url` may be plain http to another machine. Default false.")
  .optional();

/** `decision_log:`. */
export const decisionLog = strict({
  file: file.describe("Appended to, a line of JSON for each decision.").optional(),
  http: strict({
    url: serverUrl("https://logs.example.com").describe("Entries are posted to `url`/logs."),
    token: bearer,
    headers: headers.describe("Extra headers for every request.").optional(),
    allow_http: allowHttp,
  })
    .describe("A service that takes the decision logs of OPA.")
    .optional(),
  otel: strict({
    url: serverUrl("https://collector.example.com:4318").describe(
      "Of a collector: entries are posted to `url`/v1/logs, as OTLP in JSON.",
    ),
    headers: headers.describe("Extra headers for every request.").optional(),
    allow_http: allowHttp,
  })
    .describe("A collector of OpenTelemetry.")
    .optional(),
  labels: z
    .record(id, id, { error: LABELS })
    .refine((labels) => Object.keys(labels).length <= LABELS_MAX, { error: LABELS })
    .describe("In every entry, beside the gateway's `id` and `version`.")
    .optional(),
});

export type RawDecisionLog = z.output<typeof decisionLog>;

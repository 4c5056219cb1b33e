/** The fields of slipclutch.yaml about policies. */
import { z } from "zod";
import {
  agentPattern,
  duration,
  id,
  oneOf,
  serverUrl,
  strict,
  TEXT_MAX,
  text,
  yesOrNo,
} from "./fields.ts";

/** Each may be asked of every call. */
export const POLICIES_MAX = 64;
const PATTERNS_MAX = 1_000;

const QUERY =
  'the path of a document like data.agent.authz.allow\nA part that is no plain word stands in brackets: data.agent["pii-check"].allow.';
const query = z
  .string({ error: QUERY })
  .regex(/^data(?:\.[A-Za-z_]\w*|\["(?:[^"\\\p{Cc}]|\\["\\])+"\])+$/u, { error: QUERY })
  .max(TEXT_MAX, { error: QUERY });

const agents = z
  .array(agentPattern, { error: "a list of agents" })
  .min(1, { error: "at least one agent" })
  .max(PATTERNS_MAX);

/** One policy and what it decides. */
export const policy = strict({
  name: id.describe("Its name, in decisions and refusals."),
  query: query.describe("The document that decides: a boolean, or allow, deny, park, obligations."),
  on: oneOf(["tool", "model"])
    .describe("What it decides: calls of tools or of models. Left out: only what `expose` says.")
    .optional(),
  resource_type: id
    .describe("Only calls about a resource of this type, as manifests declare; once for each.")
    .optional(),
  agents: agents.describe("Only of these agents; `*` in an id stands for any text.").optional(),
  tell: yesOrNo
    .describe("Its agents are told the reasons of its `deny`. Default false.")
    .optional(),
  expose: yesOrNo
    .describe(
      "Its agents may ask it at `POST /v1/data/…`, as they would ask an OPA. Default false.",
    )
    .optional(),
  lenient_errors: yesOrNo
    .describe("An error of a built-in is undefined, instead of a refusal. Default false.")
    .optional(),
});

export const policies = z
  .array(policy, { error: "a list of policies" })
  .max(POLICIES_MAX, { error: `at most ${POLICIES_MAX} policies` });

const SOCKET = "the path of a unix socket, like /run/opa.sock";
const FILE_NAME = "a file of the folder, like policies/bundle.tar.gz";

/** What evaluates policies. */
export const policyEngine = strict({
  kind: oneOf(["embedded", "wasm", "opa"])
    .describe("Our own engine, a bundle of `opa build -t wasm`, or an OPA. Default embedded.")
    .optional(),
  timeout: duration(1, "30s")
    .describe("What all policies together may take for one call. Default 50ms.")
    .optional(),
  url: serverUrl("http://127.0.0.1:8181")
    .describe("`kind: opa`: where its REST API is. Default http://127.0.0.1:8181.")
    .optional(),
  socket: z
    .string({ error: SOCKET })
    .regex(/^\/[^\0]+$/, { error: SOCKET })
    .max(TEXT_MAX, { error: SOCKET })
    .describe("`kind: opa`: a unix socket that it listens on.")
    .optional(),
  token: text
    .describe(`\`kind: opa\`: sent as a bearer. Write \${NAME} to take it from the environment.`)
    .optional(),
  bundle: z
    .string({ error: FILE_NAME })
    .regex(/^(?!\.\.?\/)(?!.*\/\.\.?\/)[\w.-]+(?:\/[\w.-]+)*$/, { error: FILE_NAME })
    .max(TEXT_MAX, { error: FILE_NAME })
    .describe("`kind: wasm`: the bundle, or its bare module.")
    .optional(),
});

export type RawPolicy = z.output<typeof policy>;
export type RawPolicyEngine = z.output<typeof policyEngine>;

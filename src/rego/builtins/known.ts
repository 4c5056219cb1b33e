/** What is known of the built-in functions beside their types, and which of them are left out. */

/** Kept by OPA for policies of v0: an error in v1, and under `import rego.v1` or `rego.v2`. */
export const DEPRECATED: ReadonlySet<string> = new Set([
  "all",
  "any",
  "cast_array",
  "cast_boolean",
  "cast_null",
  "cast_object",
  "cast_set",
  "cast_string",
  "net.cidr_overlap",
  "re_match",
  "set_diff",
]);

/** Two calls with the same operands may answer differently, as OPA marks them. */
export const NONDETERMINISTIC: ReadonlySet<string> = new Set([
  "http.send",
  "io.jwt.decode_verify",
  "io.jwt.encode_sign",
  "io.jwt.encode_sign_raw",
  "json.match_schema",
  "json.verify_schema",
  "net.lookup_ip_addr",
  "opa.runtime",
  "rand.intn",
  "time.now_ns",
  "uuid.rfc4122",
]);

/** Answer with several values, each one a solution. */
export const RELATIONS: ReadonlySet<string> = new Set(["walk"]);

/** How a call of it is written between its operands. */
export const INFIX: ReadonlyMap<string, string> = new Map([
  ["and", "&"],
  ["assign", ":="],
  ["div", "/"],
  ["eq", "="],
  ["equal", "=="],
  ["gt", ">"],
  ["gte", ">="],
  ["internal.member_2", "in"],
  ["internal.member_3", "in"],
  ["lt", "<"],
  ["lte", "<="],
  ["minus", "-"],
  ["mul", "*"],
  ["neq", "!="],
  ["or", "|"],
  ["plus", "+"],
  ["rem", "%"],
]);

const NETWORK = "A policy is decided from its input and data alone: the network is never asked.";
const CHANCE = "A decision must come out the same when it is replayed: there is no chance in it.";
const KEYS = "Private keys have no place in a policy.";
const CERTIFICATES = "X.509 is not read here: let what calls the policy check certificates.";
const GRAPHQL = "GraphQL is not read here: let what calls the policy parse it.";

/** Built-ins of OPA that this engine refuses at load, each with the reason. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ["crypto.parse_private_keys", KEYS],
  ["crypto.x509.parse_and_verify_certificates", CERTIFICATES],
  ["crypto.x509.parse_and_verify_certificates_with_options", CERTIFICATES],
  ["crypto.x509.parse_certificate_request", CERTIFICATES],
  ["crypto.x509.parse_certificates", CERTIFICATES],
  ["crypto.x509.parse_keypair", KEYS],
  ["crypto.x509.parse_rsa_private_key", KEYS],
  ["graphql.is_valid", GRAPHQL],
  ["graphql.parse", GRAPHQL],
  ["graphql.parse_and_verify", GRAPHQL],
  ["graphql.parse_query", GRAPHQL],
  ["graphql.parse_schema", GRAPHQL],
  ["graphql.schema_is_valid", GRAPHQL],
  ["http.send", NETWORK],
  ["io.jwt.encode_sign", KEYS],
  ["io.jwt.encode_sign_raw", KEYS],
  ["net.lookup_ip_addr", NETWORK],
  ["opa.runtime", "There is no OPA around this engine; what a policy needs belongs in its input."],
  ["providers.aws.sign_req", KEYS],
  ["rand.intn", CHANCE],
  ["rego.parse_module", "A policy is not read by another: its syntax tree is not available."],
  ["uuid.rfc4122", CHANCE],
]);

/** Networks of addresses in CIDR notation, IPv4 and IPv6. */
import { addressText, contains, type Network, parseAddress, parseNetwork } from "../formats/ip.ts";
import { isList, RegoObject, RegoSet, setOf, type Value } from "../values/value.ts";
import { type Builtins, failed, operand, type Run, wrongType } from "./builtin.ts";
import { mergedNetworks } from "./net-merge.ts";

const containsOne: Run = (operands) => holds(operand(operands, 1), operand(operands, 2));

export const NET: Builtins = {
  "net.cidr_contains": containsOne,
  "net.cidr_overlap": containsOne,
  "net.cidr_intersects": (operands) => {
    const left = networkIn(operand(operands, 1));
    const right = networkIn(operand(operands, 2));
    return contains(left, right.address) || contains(right, left.address);
  },
  "net.cidr_is_valid": (operands) => {
    const value = operand(operands, 1);
    return typeof value === "string" && parseNetwork(value) !== undefined;
  },
  "net.cidr_contains_matches": (operands, call) => {
    const networks = candidates(operand(operands, 1), 1);
    const others = candidates(operand(operands, 2), 2);
    call.charge(networks.length * others.length);
    const matches = networks.flatMap(([network, index]) =>
      others.filter(([other]) => holds(network, other)).map(([, found]) => [index, found]),
    );
    return setOf(matches);
  },
  "net.cidr_expand": (operands, call) => {
    const { address, prefix } = networkIn(operand(operands, 1));
    const size = 2 ** (address.bits - prefix);
    call.charge(size);
    return setOf(
      Array.from({ length: size }, (_, i) => {
        return addressText({ bits: address.bits, value: address.value + BigInt(i) });
      }),
    );
  },
  "net.cidr_merge": (operands, call) => {
    const value = operand(operands, 1);
    const elements = value instanceof RegoSet ? value.sorted() : value;
    if (!isList(elements)) throw failed("operand must be an array");
    call.charge(elements.length);
    return setOf(mergedNetworks(elements));
  },
};

/** OPA takes every operand here for its first in what it says. */
function networkIn(value: Value): Network {
  if (typeof value !== "string") throw wrongType(1, "string", value);
  const network = parseNetwork(value);
  if (network === undefined) throw failed(`invalid CIDR address: ${value}`);
  return network;
}

/** Whether the network contains the address, or all of the other network. */
function holds(cidr: Value, inner: Value): boolean {
  const network = networkIn(cidr);
  if (typeof inner !== "string") throw wrongType(1, "string", inner);
  const address = parseAddress(inner);
  if (address !== undefined) return contains(network, address);
  const other = parseNetwork(inner);
  if (other === undefined) {
    throw failed(`not a valid textual representation of an IP address or CIDR: ${inner}`);
  }
  return network.prefix <= other.prefix && contains(network, other.address);
}

/** Each CIDR with what it is found by: its index, its key, or the element itself. */
function candidates(value: Value, position: number): readonly (readonly [Value, Value])[] {
  if (typeof value === "string") return [[value, value]];
  if (isList(value)) return value.map((element, i) => [cidrOf(element, position), i]);
  if (value instanceof RegoSet) {
    return value.sorted().map((element) => [cidrOf(element, position), element]);
  }
  if (!(value instanceof RegoObject)) return [];
  return value.entries().map(([key, element]) => [cidrOf(element, position), key]);
}

/** Of a tuple the first counts; the rest is for the policy. */
function cidrOf(element: Value, position: number): Value {
  if (typeof element === "string") return element;
  const first = isList(element) ? element[0] : undefined;
  if (first !== undefined) return first;
  throw failed(`operand ${position}: element must be string or non-empty array`);
}

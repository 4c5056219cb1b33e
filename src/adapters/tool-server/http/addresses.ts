/**
 * Which addresses may be connected to. A name is resolved once, every address that it has is
 * looked at, and one of these same addresses is connected to: a name that means something else a
 * moment later (DNS rebinding) gains nothing.
 */
import { type LookupAddress, lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/**
 * What is not a place on the public internet: IANA's special-purpose registries, multicast, and
 * addresses that carry an IPv4 address in them. Clouds keep metadata in 169.254.0.0/16, in
 * fc00::/7, in 100.64.0.0/10, in 192.0.0.0/24 and, the last one, at an address of their own.
 */
const NOT_PUBLIC = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"],
  ...["172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"],
  ...["198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
  ...["168.63.129.16/32"],
  ...["::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32"],
  ...["2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"],
];

/** All addresses of a host, as Node asks for them. */
export type Resolve = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

/** As every other program on this machine resolves names. */
export const systemResolve: Resolve = (host, done) => lookup(host, { all: true }, done);

export class Addresses {
  readonly #refused = listOf(NOT_PUBLIC);
  readonly #allowed: BlockList;

  constructor(allowed: readonly string[]) {
    this.#allowed = listOf(allowed);
  }

  /** Also an IPv4 address in IPv6's clothes is looked at as what it is. */
  mayReach(address: string): boolean {
    const family = isIP(address);
    if (family === 0) return false;
    const kind = family === 4 ? "ipv4" : "ipv6";
    return this.#allowed.check(address, kind) || !this.#refused.check(address, kind);
  }

  /** For the connections of one server. */
  lookup(resolve: Resolve): LookupFunction {
    return (host, options, done) => {
      resolve(host, (error, addresses) => {
        if (error !== null) return done(error, []);
        const refused = addresses.find(({ address }) => !this.mayReach(address));
        if (refused !== undefined) return done(new AddressRefused(host), []);
        const [one] = addresses;
        if (one === undefined) return done(new Error(`${host} has no address`), []);
        if (options.all === true) return done(null, [...addresses]);
        done(null, one.address, one.family);
      });
    };
  }
}

class AddressRefused extends Error {
  override readonly name = "AddressRefused";

  constructor(host: string) {
    super(`${host} has an address that is not public, and allow_addresses does not list it`);
  }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const kind = isIP(address) === 4 ? "ipv4" : "ipv6";
    if (bits === undefined) list.addAddress(address, kind);
    else list.addSubnet(address, Number(bits), kind);
  }
  return list;
}

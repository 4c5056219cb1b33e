export interface OpaSettings {
  /** Of its REST API, as `http://127.0.0.1:8181`; `https` for TLS. */
  readonly url: string;
  /** A unix socket that it listens on; the host of `url` is then only named to it. */
  readonly socket: string | null;
  /** Sent as `Authorization: Bearer`. */
  readonly token: string | null;
}

/** What an adapter tells whoever runs the gateway, beside what it answers. The log takes it. */
export interface Remarks {
  info(message: string, fields: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
}

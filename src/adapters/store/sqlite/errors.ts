import { StoreUnreachable } from "../../../ports/store.ts";

/** Another process has the folder: two on one embedded store would each believe the other gone. */
export class StoreLocked extends Error {
  override readonly name = "StoreLocked";

  constructor(folder: string) {
    super(
      `The store in ${folder} is in use by another Slipclutch process. Stop that one, or give this ` +
        "one a folder of its own (--data), or share one store between both: store: postgres://…",
    );
  }
}

/** The folder was written by a version that came after this one. */
export class StoreTooNew extends Error {
  override readonly name = "StoreTooNew";
}

/** The file is not a store, or no longer a whole one. */
export class StoreDamaged extends Error {
  override readonly name = "StoreDamaged";
}

const CLASSES = { StoreTooNew, StoreDamaged, StoreUnreachable };

/** An error as it crosses from the worker. */
export interface ErrorText {
  readonly name: keyof typeof CLASSES;
  readonly message: string;
}

/** Errors that the caller has no name for say that the store cannot be used now. */
export function toText(error: unknown): ErrorText {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof StoreTooNew || error instanceof StoreDamaged) {
    return { name: error.name, message };
  }
  return { name: "StoreUnreachable", message };
}

/** The error again, on this side. */
export function fromText(text: ErrorText): Error {
  return new CLASSES[text.name](text.message);
}

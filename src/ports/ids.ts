/** How the store names what its ports share. */

/** One boot of one process, or what a fenced process becomes: 128 random bits in hex. */
export type HolderId = string;

/** Number of an account in its store. */
export type AccountId = number;

/** The store no longer knows this holder as live: nothing was changed. */
export type Fenced = { readonly kind: "fenced" };

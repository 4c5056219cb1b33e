/** What the agent sends with every turn, as agents do: most of what a turn costs. */

const PAGES = 48;

const PAGE = `A customer who calls twice about the same thing is called back by a person within the
day. Say what you have understood, say what you have done, and promise nothing that the terms do not
say. Refunds above 50 dollars, changes of address and anything about another customer's account are
for the team lead. If a recording cannot be understood, listen to it again before you close the ticket.`;

/** About 4,500 tokens. */
export const HANDBOOK = Array.from(
  { length: PAGES },
  (_, page) => `${page + 1}. ${PAGE.replaceAll("\n", " ")}`,
).join("\n\n");

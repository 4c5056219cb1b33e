/** The tickets of the story, each a task: some before anything breaks, then many at once. */
export const FIRST_TICKETS = [4711, 4712];
export const LATER_TICKETS = [4713, 4714, 4715, 4716, 4717, 4718, 4719, 4720];
export const TICKETS = FIRST_TICKETS.length + LATER_TICKETS.length;

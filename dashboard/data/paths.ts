/** What several pages ask: the same path is asked once for all of them. */
export const AGENTS = "/api/v1/agents";
export const BUDGETS = "/api/v1/budgets";
export const INCIDENTS = "/api/v1/incidents?limit=200";
export const OPEN_REVIEWS = "/api/v1/reviews?state=open&limit=1000";
export const OVERVIEW = "/api/v1/overview";
export const STATUS = "/api/v1/status";

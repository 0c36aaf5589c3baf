/** The dollars of a validated `budget` such as `20 USD`. */
export const parseBudgetUsd = (budget: string): number => Number.parseFloat(budget);

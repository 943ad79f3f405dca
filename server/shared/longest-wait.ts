/** The longest that a workflow may ask to wait: ten years, milliseconds. What is longer is a mistake. */
export const LONGEST_WAIT_MS = 10 * 365 * 24 * 60 * 60 * 1_000;

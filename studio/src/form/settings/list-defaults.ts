/** What the API takes where a list says nothing. */
export const defaultConcurrency = 10;
export const defaultBatch = 100;

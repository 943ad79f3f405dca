/* global WORKER_URLS: filled in by scripts/build-graphiql.mjs, which builds the workers first */

/** The editors check and complete in workers, which are served from here like the page itself. */
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(WORKER_URLS[label] ?? WORKER_URLS.editor, { type: 'module' }),
};

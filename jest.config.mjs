const common = {
  transform: {}, // tests run as tsc compiled them
  testEnvironment: 'node',
  setupFiles: ['<rootDir>/dist/test/support/show-suppressed-errors.js'],
};

const withPostgres = {
  ...common,
  globalSetup: '<rootDir>/dist/test/support/global-setup.js',
  globalTeardown: '<rootDir>/dist/test/support/global-teardown.js',
};

/**
 * `unit` starts no server and no database: `npm run test:quick` runs it alone. `console` has Chromium draw the console's
 * pages.
 */
export default {
  testTimeout: 180_000,
  // Most files drive a whole server with its Postgres and its Pythons, and wait for it half of the time: two cores carry
  // four files at a time.
  maxWorkers: 4,
  testSequencer: '<rootDir>/scripts/jest-sequencer.mjs',
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/dist/test/unit/**/*.test.js'] },
    { ...withPostgres, displayName: 'real', testMatch: ['<rootDir>/dist/test/!(unit|studio)/**/*.test.js'] },
    { ...withPostgres, displayName: 'console', testMatch: ['<rootDir>/dist/test/studio/**/*.test.js'] },
  ],
};

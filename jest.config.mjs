const common = {
  transform: {}, // tests run as tsc compiled them
  testEnvironment: 'node',
};

const withPostgres = {
  ...common,
  globalSetup: '<rootDir>/dist/test/support/global-setup.js',
  globalTeardown: '<rootDir>/dist/test/support/global-teardown.js',
};

/**
 * `unit` starts no server and no database: `npm run test:quick` runs it alone. `console` has Chromium draw the console's
 * pages, which takes both cores: scripts/test.mjs runs it by itself, one file at a time.
 */
export default {
  testTimeout: 180_000,
  // Most files drive a whole server with its Postgres and its Pythons, and wait for it half of the time: two files at a
  // time are what two cores carry.
  maxWorkers: 2,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/dist/test/unit/**/*.test.js'] },
    { ...withPostgres, displayName: 'real', testMatch: ['<rootDir>/dist/test/!(unit|studio)/**/*.test.js'] },
    { ...withPostgres, displayName: 'console', testMatch: ['<rootDir>/dist/test/studio/**/*.test.js'] },
  ],
};

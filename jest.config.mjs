const common = {
  transform: {}, // tests run as tsc compiled them
  testEnvironment: 'node',
};

/** `unit` starts no server and no database: `npm run test:quick` runs it alone. */
export default {
  testTimeout: 180_000,
  // Most files drive a whole server with its Postgres and its Pythons, and wait for it half of the time: two files at a
  // time are what two cores carry.
  maxWorkers: 2,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/dist/test/unit/**/*.test.js'] },
    {
      ...common,
      displayName: 'real',
      testMatch: ['<rootDir>/dist/test/!(unit)/**/*.test.js'],
      globalSetup: '<rootDir>/dist/test/support/global-setup.js',
      globalTeardown: '<rootDir>/dist/test/support/global-teardown.js',
    },
  ],
};

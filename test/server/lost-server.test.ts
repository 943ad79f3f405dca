import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { projectRoot } from '../../server/shared/paths.ts';
import { makeTempFolder } from '../support/temp-folder.ts';

interface Results {
  testResults: { assertionResults: { title: string; duration: number; failureMessages: string[] }[] }[];
}

test('a test whose server is killed behind its back fails promptly, with how it ended and its last output', async () => {
  const tests = await runFixture('lost-server.js');
  const [waiting, ending, own] = tests;
  for (const { failureMessages } of [waiting!, ending!]) {
    expect(failureMessages.join('\n')).toMatch(/until the test ends it, but it ended \(SIGKILL\)/);
    expect(failureMessages.join('\n')).toMatch(/Weft is ready at http/);
  }
  expect(waiting!.duration).toBeLessThan(60_000); // the run that it waits for takes five minutes
  expect(waiting!.failureMessages.join('\n')).toContain('the connection closed');
  expect(own).toMatchObject({ title: 'not at all', failureMessages: [] });
  expect(tests).toHaveLength(3);
});

/** By a jest of its own, which has the test run's database. */
async function runFixture(name: string) {
  await using folder = await makeTempFolder();
  const outputFile = join(folder.path, 'results.json');
  const config = {
    rootDir: join(projectRoot, 'dist/test/fixtures'),
    testMatch: [`**/${name}`],
    transform: {},
  };
  const jest = join(projectRoot, 'node_modules/jest/bin/jest.js');
  const options = ['--config', JSON.stringify(config), '--json', `--outputFile=${outputFile}`];
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  await execa(process.execPath, [...flags, jest, ...options, '--testTimeout=60000'], { reject: false });
  const { testResults } = JSON.parse(await readFile(outputFile, 'utf8')) as Results;
  return testResults.flatMap(({ assertionResults }) => assertionResults);
}

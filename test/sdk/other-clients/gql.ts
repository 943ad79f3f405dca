import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../../server/shared/paths.ts';
import { makeTempFolder } from '../../support/temp-folder.ts';

const run = promisify(execFile);

export interface Gql extends AsyncDisposable {
  /** Where the package and what it needs are. */
  packages: string;
}

/** The `gql` package for Python in a folder of its own; undefined where pip or PyPI cannot be had. */
export async function installGql(): Promise<Gql | undefined> {
  await using opened = new AsyncDisposableStack();
  const { path: packages } = opened.use(await makeTempFolder());
  const options = [
    '--quiet',
    '--no-compile',
    '--disable-pip-version-check',
    '--retries=0',
    '--timeout=10',
    `--target=${packages}`,
  ];
  try {
    await run('python3', ['-m', 'pip', 'install', ...options, 'gql[websockets]==4.4.0']);
  } catch {
    return undefined;
  }
  const owned = opened.move();
  return { packages, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What gql_client.py saw of a run. */
export async function runGqlClient({ packages }: Gql, url: string, token: string): Promise<GqlAnswer> {
  const program = join(projectRoot, 'test/sdk/other-clients/gql_client.py');
  const operations = join(projectRoot, 'schema/operations');
  const { stdout } = await run('python3', [program, url, token, operations], {
    env: { ...process.env, PYTHONPATH: packages },
  });
  return JSON.parse(stdout);
}

interface GqlAnswer {
  events: object[];
  history: object[];
  output: unknown;
  refusal: string | null;
}

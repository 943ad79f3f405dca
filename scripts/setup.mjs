import { pathToFileURL } from 'node:url';
import { build, buildIsCurrent } from './setup/build.mjs';
import { dependenciesAreInstalled, installDependencies } from './setup/dependencies.mjs';
import { withSetUpLock } from './setup/lock.mjs';
import { say } from './setup/project.mjs';
import { installPrograms, missingPrograms } from './setup/system.mjs';

/**
 * Brings a checkout from whatever state it is in to one that runs. Every start of the server runs this first, so it does
 * nothing, prints nothing and starts no process when all is done already.
 */
export async function setUp({ forTests = false } = {}) {
  if (isDone(forTests)) return;
  await withSetUpLock(async () => {
    // Beside each other: each waits for a network and a disk most of the time.
    await Promise.all([prepareCheckout(), installPrograms(missingPrograms({ forTests }))]);
  });
}

async function prepareCheckout() {
  if (!dependenciesAreInstalled()) await installDependencies();
  await build();
}

function isDone(forTests) {
  return dependenciesAreInstalled() && buildIsCurrent() && missingPrograms({ forTests }).length === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setUp().catch((error) => {
    say(`Set-up failed: ${error.message}`);
    process.exitCode = 1;
  });
}

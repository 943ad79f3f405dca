import { type Config, readConfig } from '../config/environment.ts';
import { WeftError } from '../shared/errors.ts';
import {
  type Check,
  checkDataFolder,
  checkEnvironments,
  checkNode,
  checkPort,
  checkPostgres,
  checkSandbox,
} from './doctor/checks.ts';
import { checkFiles } from './doctor/files.ts';
import { type Finding, failed } from './doctor/finding.ts';
import { checkServices } from './doctor/services.ts';

/**
 * `npm run doctor`: prints what Weft can use on this host, and a remedy for each problem. Exits with 1 where there is
 * one.
 */
const checks: Check[] = [
  checkNode,
  checkDataFolder,
  checkPostgres,
  checkFiles,
  checkSandbox,
  checkEnvironments,
  checkServices,
  checkPort,
];

const config = readSettings();
if (config !== undefined) for (const check of checks) (await check(config)).forEach(print);
console.log(process.exitCode ? '\nWeft does not have all it needs.' : '\nWeft has all it needs.');

function readSettings(): Config | undefined {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    print(failed('Settings', error));
  }
}

function print({ what, ok, isMissing, detail, remedy }: Finding): void {
  console.log(`${isMissing ? 'not on ' : ok ? 'ok     ' : 'PROBLEM'} ${what}: ${detail}`);
  if (remedy !== undefined) console.log(`        Remedy: ${remedy}`);
  if (!ok) process.exitCode = 1;
}

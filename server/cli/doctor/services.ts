import { openRemoteSandbox } from '../../sandbox/remote/remote-sandbox.ts';
import { makeLogger } from '../../shared/logger.ts';
import type { Check } from './checks.ts';
import { bad, good } from './finding.ts';

/** Requests the status of each sandbox service in PYTHON_SERVICE_URL. */
export const checkServices: Check = async ({ pythonServiceUrls: urls, pythonServiceToken: token }) => {
  if (urls.length === 0) return [];
  await using sandbox = await openRemoteSandbox({ urls, token, logger: makeLogger('silent') });
  const { services, problem } = await sandbox.status();
  const each = services.map(({ url, isUp, problem: why, max }) =>
    isUp
      ? good(`Sandbox service ${url}`, `up, ${max} runs at once`)
      : bad(
          `Sandbox service ${url}`,
          why ?? 'not up',
          'Start it with the PYTHON_SERVICE_TOKEN that is set here.',
        ),
  );
  const isUp = services.some((service) => service.isUp);
  if (!isUp || problem === null) return each;
  return [...each, bad(`Sandbox (${problem.code})`, problem.message, problem.remedy)];
};

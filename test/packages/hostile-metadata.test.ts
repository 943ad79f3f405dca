import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { EnvironmentEvent } from '../../server/packages/environment.ts';
import type { PackageSettings } from '../../server/packages/settings.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { openTestEnvironments } from '../support/test-environments.ts';
import { openTestIndex } from '../support/test-index.ts';
import { findTestUv } from '../support/test-uv.ts';

const uvPath = await findTestUv();
const installers: PackageSettings['installer'][] = uvPath === undefined ? ['pip'] : ['uv', 'pip'];
const word = (part: string) => part.repeat(2_000_000 / part.length);
const wheels = [
  { name: 'long-name', version: '1.0', requires: [word('a')] },
  { name: 'long-url', version: '1.0', requires: [`tiny @ http://${word('a')}://${word('@')}`] },
];
/** Installers may take minutes over such words; they are ended then. */
const timeoutMs = 8_000;

test.each(installers)(
  'a word of 2 MB in the metadata of a package neither holds the server up nor reaches its clients, with %s',
  async (installer) => {
    await using root = await makeTempFolder();
    await using index = await openTestIndex({ name: 'tiny', version: '1.0' }, ...wheels);
    await using environments = await openTestEnvironments(root.path, {
      indexUrl: index.url,
      uvPath,
      installer,
      timeoutMs,
    });
    const delays = monitorEventLoopDelay({ resolution: 5 });
    for (const { name } of wheels) {
      const events: EnvironmentEvent[] = [];
      const waiter = {
        signal: new AbortController().signal,
        onEvent: (event: EnvironmentEvent) => void events.push(event),
      };
      delays.enable();
      const message = await environments.prepare([name], waiter).then(
        () => '',
        (error: Error) => error.message,
      );
      delays.disable();
      expect(message.length).toBeLessThan(3_000);
      for (const event of events) expect((event.message ?? '').length).toBeLessThan(3_000);
    }
    expect(delays.max / 1e6).toBeLessThan(5_000);
  },
);

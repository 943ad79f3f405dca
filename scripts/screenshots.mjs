import { join } from 'node:path';
import { root } from './setup/project.mjs';
import { setUp } from './setup.mjs';

/** `npm run screenshots` takes those of the docs anew: the console of a new server, with the template "Movie report". */
await setUp();
process.env.WEFT_SCREENSHOTS = join(root, 'docs/images');
const { startWeft } = await import('../dist/test/support/weft-server.js');
const { launchStudioBrowser } = await import('../dist/test/support/studio-browser.js');

await using server = await startWeft();
await using browser = await launchStudioBrowser();
await using studio = await browser.open(server);
const { page } = studio;

await page.getByRole('button', { name: /^Open .*Movie report.* in the editor$/i }).click();
const repair = page.locator('.react-flow__node').filter({ hasText: 'Repair' });
await repair.click();
await page.locator('.cm-content[data-language="python"]').getByText('repaired').first().waitFor();
await studio.screenshot('console-editor');

await page.getByRole('button', { name: 'Run', exact: true }).first().click();
const panel = page.getByRole('tabpanel');
await panel.getByRole('button', { name: 'Run', exact: true }).click();
await panel.getByText('Succeeded').first().waitFor();
await page.getByRole('link', { name: 'Open the run' }).click();
await page.getByText('5 genres').first().waitFor();
await page.getByText('Result', { exact: true }).first().waitFor();
await studio.screenshot('console-run');

await page.getByRole('link', { name: 'Workflows' }).click();
await page.getByRole('row').filter({ hasText: 'Movie report' }).getByText('Succeeded').waitFor();
await studio.screenshot('console-workflows');

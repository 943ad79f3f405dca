import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { screenPlaces } from '../support/canvas-places.ts';
import { eventually } from '../support/eventually.ts';
import { hasChromium, holds, launchStudioBrowser, type StudioBrowser } from '../support/studio-browser.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;

const WIDE = 25;
const nodes = Array.from({ length: 1_000 }, (_, index) => ({
  key: `n${index}`,
  type: 'transform',
  name: `Step ${index}`,
  config: { expression: 'input' },
  position: { x: (index % WIDE) * 290, y: Math.floor(index / WIDE) * 110 },
}));
const edges = nodes.slice(1).map(({ key }, index) => ({ source: `n${index}`, target: key }));

inBrowser('a workflow of a thousand nodes with all of it in sight', () => {
  const opened = new AsyncDisposableStack();
  let server: WeftServer;
  let weft: WeftClient;
  let browser: StudioBrowser;
  let id: string;
  beforeAll(async () => {
    const { url: databaseUrl } = opened.use(await createDatabase());
    server = opened.use(await startWeft({ databaseUrl }));
    weft = opened.use(new WeftClient(server.url));
    browser = opened.use(await launchStudioBrowser());
    id = await weft.createWorkflow({ name: 'Thousand', nodes, edges });
  });
  afterAll(async () => await opened.disposeAsync());

  test('is edited by the pointer as it is from near: choose, drag, a box, undo, open, connections', async () => {
    await using studio = await browser.open(server, { path: `/workflows/${id}` });
    const { page } = studio;
    await page.locator('.weft-node').first().waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.locator('.weft-canvas__far').waitFor();
    await page.locator('.weft-node').first().waitFor({ state: 'detached' });
    // The picture is there at the zoom at which it takes over, and a moment later at that of the whole.
    await holds(
      page,
      'new DOMMatrix(getComputedStyle(document.querySelector(".react-flow__viewport")).transform).a < 0.3',
    );
    const places = await screenPlaces(page);
    const placeOf = (index: number) => {
      const { x, y } = nodes[index]!.position;
      return places(x + 112, y + 28);
    };
    const key = page.getByRole('complementary', { name: 'Panel' }).getByLabel('Key', { exact: true });
    const isOpen = (wanted: string) =>
      eventually(
        `${wanted} is open`,
        async () => (await key.count()) === 1 && (await key.inputValue()) === wanted,
      );

    const at = placeOf(512);
    await page.mouse.move(at.x, at.y);
    await page.locator('.weft-canvas[title="Step 512"]').waitFor();
    await page.mouse.click(at.x, at.y);
    await studio.screenshot('thousand-nodes');
    await isOpen('n512');

    await page.mouse.down();
    await page.mouse.move(at.x + 40, at.y + 20, { steps: 5 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'Redo' }).click();
    await page.keyboard.press('Control+s');
    await eventually('the node has moved', async () => {
      const { x, y } = await positionOf(weft, id, 'n512');
      return x > (512 % WIDE) * 290 + 100 && y > Math.floor(512 / WIDE) * 110 + 50;
    });

    await page.keyboard.down('Shift');
    // Six nodes, with half of the gaps around them.
    const [first, last] = [nodes[253]!.position, nodes[280]!.position];
    const [begin, end] = [places(first.x - 30, first.y - 25), places(last.x + 254, last.y + 81)];
    await page.mouse.move(begin.x, begin.y);
    await page.mouse.down();
    await page.mouse.move(end.x, end.y, { steps: 5 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await page.getByText('6 nodes are chosen').waitFor();

    const [from, to] = [placeOf(100), placeOf(101)];
    await page.mouse.click((from.x + to.x) / 2, from.y);
    await page.getByText('A connection is chosen').waitFor({ state: 'attached' });

    await page.mouse.dblclick(placeOf(3).x, placeOf(3).y);
    await isOpen('n3');
  });
});

async function positionOf(weft: WeftClient, id: string, key: string): Promise<{ x: number; y: number }> {
  const { workflow } = await weft.query<{
    workflow: { latestVersion: { nodes: { key: string; position: { x: number; y: number } }[] } };
  }>('query ($id: ID!) { workflow(id: $id) { latestVersion { nodes { key position { x y } } } } }', { id });
  return workflow.latestVersion.nodes.find((node) => node.key === key)!.position;
}

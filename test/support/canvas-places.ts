import type { Page } from 'playwright-core';
import { eventually } from './eventually.ts';

/**
 * Waits until the canvas is fitted into its frame and stands. Nodes are drawn a moment before that: what a mouse is aimed
 * at then is elsewhere when it comes there.
 */
export async function canvasStands(page: Page): Promise<void> {
  await eventually('the canvas stands', () => page.evaluate<boolean>(STANDS));
}

const STANDS = `(async () => {
  const viewport = document.querySelector('.react-flow__viewport');
  if (viewport === null) return false;
  const place = () => getComputedStyle(viewport).transform;
  const before = place();
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  return before === place() && before !== 'none' && before !== 'matrix(1, 0, 0, 1, 0, 0)';
})()`;

/** Where on the screen the place of the canvas is that has these coordinates in the workflow. */
export async function screenPlaces(page: Page): Promise<(x: number, y: number) => { x: number; y: number }> {
  const pane = (await page.locator('.react-flow__pane').first().boundingBox())!;
  const transform = await page.evaluate<string>(
    'getComputedStyle(document.querySelector(".react-flow__viewport")).transform',
  );
  const [zoom, , , , dx, dy] = transform.replace('matrix(', '').split(',').map(Number.parseFloat) as number[];
  return (x, y) => ({ x: pane.x + dx! + x * zoom!, y: pane.y + dy! + y * zoom! });
}

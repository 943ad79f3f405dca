import type { Page } from 'playwright-core';

/** Where on the screen the place of the canvas is that has these coordinates in the workflow. */
export async function screenPlaces(page: Page): Promise<(x: number, y: number) => { x: number; y: number }> {
  const pane = (await page.locator('.react-flow__pane').first().boundingBox())!;
  const transform = await page.evaluate<string>(
    'getComputedStyle(document.querySelector(".react-flow__viewport")).transform',
  );
  const [zoom, , , , dx, dy] = transform.replace('matrix(', '').split(',').map(Number.parseFloat) as number[];
  return (x, y) => ({ x: pane.x + dx! + x * zoom!, y: pane.y + dy! + y * zoom! });
}

import { round } from '../support/measure.ts';

/** What was measured at one size; all points of a curve have the same figures. */
export interface Point {
  size: number;
  figures: Readonly<Record<string, number>>;
}

/**
 * Prints the points as a table, and how each figure grows: with exponent 0 it does not, with 1 it grows as the size does,
 * with 2 as its square. The exponent between the last two points shows what begins late.
 */
export function printCurve(title: string, size: string, points: readonly Point[]): void {
  console.log(`\n${title}`);
  console.table(
    Object.keys(points[0]!.figures).map((name) => ({
      [size]: name,
      ...Object.fromEntries(points.map((point) => [`${point.size} `, round(point.figures[name]!)])),
      exponent: exponentOf(points, name),
      'at its end': exponentOf(points.slice(-2), name),
    })),
  );
}

/** The slope of the line that fits the logarithms best (least squares). */
function exponentOf(points: readonly Point[], name: string): number | string {
  const logs = points.map(({ size, figures }) => [Math.log(size), Math.log(figures[name]!)] as const);
  if (points.length < 2 || logs.some(([, y]) => !Number.isFinite(y))) return '';
  const mean = (values: number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [meanX, meanY] = [mean(logs.map(([x]) => x)), mean(logs.map(([, y]) => y))];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return round(covariance / variance);
}

import type { Picture } from './picture.ts';

export interface Sight {
  x: number;
  y: number;
  zoom: number;
  width: number;
  height: number;
}

export function draw(
  canvas: HTMLCanvasElement,
  picture: Picture,
  { x, y, zoom, width, height }: Sight,
): void {
  const context = canvas.getContext('2d');
  if (context === null || width === 0 || height === 0) return;
  const scale = devicePixelRatio;
  canvas.width = Math.round(width * scale); // which clears it
  canvas.height = Math.round(height * scale);
  context.setTransform(zoom * scale, 0, 0, zoom * scale, x * scale, y * scale);
  const colours = new Map<string, string>();
  const colourOf = (name: string) => {
    const colour = colours.get(name) ?? resolveColour(canvas, name);
    colours.set(name, colour);
    return colour;
  };
  const stroke = ({ colour, width: lineWidth, dash, alpha, path }: Picture['strokes'][number]) => {
    context.strokeStyle = colourOf(colour);
    context.lineWidth = Math.max(lineWidth, 0.75 / zoom);
    context.setLineDash([...dash]);
    context.globalAlpha = alpha;
    context.stroke(path);
  };
  picture.strokes.forEach(stroke);
  context.globalAlpha = 1;
  for (const { colour, path } of picture.fills) {
    context.fillStyle = colourOf(colour);
    context.fill(path);
  }
  picture.outlines.forEach(stroke);
  if (zoom < readableZoom) return;
  const { fontFamily } = getComputedStyle(canvas);
  context.font = `500 15px ${fontFamily}`;
  context.textBaseline = 'middle';
  context.fillStyle = colourOf('var(--weft-text)');
  const [left, top, right, bottom] = [-x / zoom, -y / zoom, (width - x) / zoom, (height - y) / zoom];
  for (const name of picture.names)
    if (name.x > left - nameWidth && name.x < right && name.y > top && name.y < bottom)
      context.fillText(cut(name.text), name.x, name.y, nameWidth);
}

/** Below this no name can be read. */
const readableZoom = 0.28;
/** Px that a name has on a node. */
const nameWidth = 162;

function cut(text: string): string {
  return text.length <= 24 ? text : `${text.slice(0, 23)}…`;
}

/** A canvas knows no variables: the browser computes what they are here and now, light or dark. */
export function resolveColour(canvas: HTMLCanvasElement, colour: string): string {
  canvas.style.color = colour;
  return getComputedStyle(canvas).color;
}

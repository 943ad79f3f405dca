import postcss, { type AtRule, type ChildNode, type Root, type Rule } from 'postcss';
import type { Plugin } from 'vite';

/**
 * The package's styles, so that a host page's CSS and ours do not disturb each other. In the console, layers give the
 * styles their order; in a foreign page any style without a layer would win over them. So in the package
 *
 *   - there are no layers: the rules stand in the order that the layers gave them;
 *   - each selector applies within `.weft` alone, and weighs one class more than it did;
 *   - what a host's CSS says of elements, such as `button { … }`, is reverted within `.weft`. Drawings are left out,
 *     whose attributes would be reverted too, and the code editor, which brings its own styles. So would be the
 *     attribute `hidden`, which has a rule.
 */
export function isolateCss(): Plugin {
  return {
    name: 'weft-isolate-css',
    generateBundle: {
      order: 'post', // Vite emits the styles in this hook too.
      handler(_, bundle) {
        for (const file of Object.values(bundle))
          if (file.type === 'asset' && file.fileName.endsWith('.css'))
            file.source = isolated(String(file.source));
      },
    },
  };
}

const elements = ':where(:not(svg, svg *, img, canvas, .cm-editor *))';
const revertHost = `
.weft ${elements}, .weft ${elements}::before, .weft ${elements}::after { all: revert; }
.weft {
  font-style: normal; font-weight: 400; letter-spacing: normal; text-align: start; text-indent: 0;
  text-transform: none; white-space: normal; word-spacing: normal; cursor: auto; visibility: visible;
}
.weft [hidden] { display: none; }
`.trim();

function isolated(css: string): string {
  const root = postcss.parse(css);
  unwrapLayers(root);
  root.walkRules(keepWithinWeft);
  return `${revertHost}\n${root.toString()}\n`;
}

function unwrapLayers(root: Root): void {
  const layers = root.nodes.filter(isLayer);
  const statements = layers.filter(({ nodes }) => nodes === undefined);
  const order = [
    ...new Set(
      [...statements, ...layers].flatMap(({ params }) => params.split(',').map((name) => name.trim())),
    ),
  ];
  const others = root.nodes.filter((node) => !isLayer(node));
  const ordered = order.flatMap((name) =>
    layers.filter(({ params }) => params === name).flatMap(({ nodes }) => nodes ?? []),
  );
  root.removeAll();
  root.append(...others, ...ordered);
}

function isLayer(node: ChildNode): node is AtRule {
  return node.type === 'atrule' && node.name === 'layer';
}

function keepWithinWeft(rule: Rule): void {
  const { parent } = rule;
  if (parent?.type === 'rule') return; // nested: its parent's selector counts
  if (parent?.type === 'atrule' && (parent as AtRule).name.endsWith('keyframes')) return;
  rule.selectors = rule.selectors.map((selector) => {
    if (selector.startsWith(':where(')) return selector; // tokens: a host sets them on whatever element
    return selector.startsWith('.weft ') || selector === '.weft' ? `.weft${selector}` : `.weft ${selector}`;
  });
}

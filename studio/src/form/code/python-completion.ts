import {
  type Completion,
  type CompletionContext,
  type CompletionResult,
  pickedCompletion,
  snippetCompletion,
} from '@codemirror/autocomplete';
import { localCompletionSource } from '@codemirror/lang-python';
import { syntaxTree } from '@codemirror/language';
import type { EditorView } from '@codemirror/view';

/**
 * Completes what a Python node has: `input_data` with the keys it had in the last run, `result`, `progress`,
 * `save_artifact`, `open_artifact`, `artifact_path`; then the names of the code itself.
 */
export function pythonCompletion(inputData: () => unknown) {
  return (context: CompletionContext): CompletionResult | null => {
    const key = keyCompletion(context, inputData());
    if (key !== null) return key;
    const word = context.matchBefore(/[\w.]*$/);
    if (word === null || (word.text === '' && !context.explicit) || word.text.includes('.')) return null;
    if (isInText(context)) return null;
    const own = localCompletionSource(context);
    const known = new Set(names.map(({ label }) => label));
    return {
      from: word.from,
      validFor: /^\w*$/,
      options: [...names, ...(own?.options ?? []).filter(({ label }) => !known.has(label))],
    };
  };
}

const names: Completion[] = [
  { label: 'input_data', type: 'variable', detail: 'input', info: 'What arrived at this node.', boost: 3 },
  {
    label: 'result',
    type: 'variable',
    detail: 'output',
    info: 'What the node gives out. The last expression counts too.',
    boost: 2,
  },
  snippetCompletion('progress(#{current}, #{total}, #{"message"})', {
    label: 'progress',
    type: 'function',
    detail: '(current, total, message)',
    info: 'Shows how far the node is, live.',
    boost: 1,
  }),
  snippetCompletion('save_artifact(#{"name.csv"}, #{data})', {
    label: 'save_artifact',
    type: 'function',
    detail: '(name, data)',
    info: 'Keeps a file of the run, and returns the value that refers to it.',
    boost: 1,
  }),
  snippetCompletion('open_artifact(#{input_data["file"]})', {
    label: 'open_artifact',
    type: 'function',
    detail: '(file)',
    info: 'Opens a file of the input; with the mode "r" as text.',
    boost: 1,
  }),
  snippetCompletion('artifact_path(#{input_data["file"]})', {
    label: 'artifact_path',
    type: 'function',
    detail: '(file)',
    info: 'The path of a file of the input, for libraries that want one.',
    boost: 1,
  }),
];

/** In `input_data["…`, `input_data.get("…` and deeper, such as `input_data["user"]["…`. */
function keyCompletion(context: CompletionContext, inputData: unknown): CompletionResult | null {
  const before = context.matchBefore(access);
  if (before === null) return null;
  const [, path = '', opening, quote = '', typed = ''] = access.exec(before.text) ?? [];
  const value = valueAt(inputData, path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  // Another key may follow a subscript; a default value may follow the key of a `.get`.
  const closing = opening === '[' ? `${quote}]` : quote;
  return {
    from: context.pos - typed.length,
    validFor: /^[^'"]*$/,
    options: Object.entries(value)
      .slice(0, maxKeys)
      .map(([label, each]) => ({
        label,
        type: 'property',
        detail: detailOf(each),
        apply: (view, completion, from, to) => applyKey(view, completion, from, to, closing),
      })),
  };
}

/** Writes the key with what closes it, over what is closed already, and goes on after that. */
function applyKey(view: EditorView, key: Completion, from: number, to: number, closing: string): void {
  const next = view.state.sliceDoc(to, to + closing.length);
  const closed = next === closing ? closing.length : next[0] === closing[0] ? 1 : 0;
  view.dispatch({
    changes: { from, to: to + closed, insert: key.label + closing },
    selection: { anchor: from + key.label.length + closing.length },
    annotations: pickedCompletion.of(key),
    userEvent: 'input.complete',
  });
}

const step = String.raw`(?:\[\s*(?:"[^"\n]*"|'[^'\n]*'|\d+)\s*\]|\.get\(\s*(?:"[^"\n]*"|'[^'\n]*')\s*(?:,[^()\n]*)?\))`;
const access = new RegExp(String.raw`input_data(${step}*)(\[|\.get\()\s*(["'])([^"'\n]*)$`);
const maxKeys = 200;

function valueAt(value: unknown, path: string): unknown {
  const keys = [...path.matchAll(/"([^"\n]*)"|'([^'\n]*)'|\[\s*(\d+)\s*\]/g)];
  return keys.reduce<unknown>((at, [, double, single, index]) => {
    const key = double ?? single ?? index!;
    return typeof at === 'object' && at !== null && Object.hasOwn(at, key)
      ? (at as Record<string, unknown>)[key]
      : undefined;
  }, value);
}

function detailOf(value: unknown): string {
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (typeof value === 'object') return value === null ? 'None' : 'dict';
  const text = JSON.stringify(value) ?? '';
  return text.length > 24 ? `${text.slice(0, 24)}…` : text;
}

function isInText({ state, pos }: CompletionContext): boolean {
  return /String|Comment/.test(syntaxTree(state).resolveInner(pos, -1).name);
}

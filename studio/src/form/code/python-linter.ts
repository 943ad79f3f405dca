import { type Diagnostic, linter } from '@codemirror/lint';
import type { Extension, Text } from '@codemirror/state';
import type { PythonCheck } from '@weft/client';

type Check = ((code: string) => Promise<PythonCheck>) | undefined;

/** Underlines what the sandbox would refuse. Of an answer that comes when the code has changed nothing is shown. */
export function pythonLinter(check: () => Check): Extension {
  return linter(
    async (view) => {
      const code = view.state.doc.toString();
      if (code.trim() === '') return [];
      const answer = await check()?.(code).catch((error: unknown) => {
        console.warn('The code could not be checked:', error);
      });
      return (answer?.violations ?? [])
        .filter(isInCode)
        .map((finding) => toDiagnostic(finding, view.state.doc));
    },
    { delay: 350 },
  );
}

/** Packages and hosts have fields of their own, which say what is wrong with them. */
function isInCode({ rule, line }: PythonCheck['violations'][number]): boolean {
  return line !== null || rule === 'syntax-error';
}

function toDiagnostic(
  { rule, message, line, column }: PythonCheck['violations'][number],
  doc: Text,
): Diagnostic {
  const at = placeOf(doc, line, column);
  return { ...at, severity: 'error', source: rule, message, renderMessage: () => render(message) };
}

/** What stands between backticks is code. */
function render(message: string): HTMLElement {
  const shown = document.createElement('span');
  for (const [index, part] of message.split('`').entries()) {
    const node = document.createElement(index % 2 === 1 ? 'code' : 'span');
    node.textContent = part;
    shown.append(node);
  }
  return shown;
}

/** From the place that was found to the end of the name there. Columns count characters, CodeMirror counts UTF-16. */
function placeOf(doc: Text, line: number | null, column: number | null): { from: number; to: number } {
  const at = doc.line(Math.min(Math.max(line ?? 1, 1), doc.lines));
  const before = [...at.text].slice(0, Math.max((column ?? 1) - 1, 0)).join('').length;
  const name = /^[\p{L}\p{N}_.]+(?:\s+[\p{L}\p{N}_.]+)?/u.exec(at.text.slice(before))?.[0] ?? '';
  const from = at.from + Math.min(before, at.length);
  return { from, to: Math.min(from + Math.max(name.length, 1), Math.max(at.to, from)) };
}

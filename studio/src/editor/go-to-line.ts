/** Puts the cursor at a line of the code editor in a panel, once that is there: it is loaded when first shown. */
export async function goToLine(panel: HTMLElement, line: number): Promise<void> {
  const { EditorView } = await import('@codemirror/view');
  if (focusLine()) return;
  const observer = new MutationObserver(() => focusLine() && stop());
  const timer = setTimeout(stop, waitMs);
  observer.observe(panel, { childList: true, subtree: true });

  function stop(): void {
    observer.disconnect();
    clearTimeout(timer);
  }

  function focusLine(): boolean {
    const content = panel.querySelector<HTMLElement>('.cm-content[data-language="python"]');
    const view = content && EditorView.findFromDOM(content);
    if (!view) return false;
    const { from } = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
    const effects = EditorView.scrollIntoView(from, { y: 'center' });
    view.dispatch({ selection: { anchor: from }, effects });
    view.focus();
    return true;
  }
}

const waitMs = 10_000;

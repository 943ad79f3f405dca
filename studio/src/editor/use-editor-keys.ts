import { type RefObject, useEffect, useRef } from 'react';
import type { CanvasView } from '../canvas/types.ts';
import { useToast } from '../ui/toast.tsx';
import { copyNodes, type Definitions, pasteNodes, remove } from './model/operations.ts';
import { readClip, writeClip } from './model/text.ts';
import type { Editor } from './use-editor.ts';

export interface EditorKeysInput {
  editor: Editor;
  types: Definitions;
  view: RefObject<CanvasView | null>;
  onAdd: () => void;
  onSave: () => void;
  onRun: () => void;
  onLayOut: () => void;
  onShortcuts: () => void;
  isDialogOpen: boolean;
}

/**
 * The keys and the clipboard of the editor, while the focus is in it or nowhere. In a text field only those that no field
 * has a use for. Copy and paste are the browser's own events, which need no permission and no TLS.
 */
export function useEditorKeys(input: EditorKeysInput): RefObject<HTMLDivElement | null> {
  const root = useRef<HTMLDivElement>(null);
  const toast = useToast();
  const latest = useRef(input);
  latest.current = input;
  useEffect(() => {
    const concerns = (event: Event) => {
      const { isDialogOpen } = latest.current;
      const isWithin = event.target === document.body || root.current?.contains(event.target as Node);
      return !isDialogOpen && isWithin === true && !event.defaultPrevented;
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (concerns(event) && actOn(event, latest.current)) event.preventDefault();
    };
    const onClipboard = (event: ClipboardEvent) => {
      if (!concerns(event) || isTyping(event) || event.clipboardData === null) return;
      if (event.type === 'paste') paste(event, event.clipboardData);
      else copy(event, event.clipboardData);
    };
    const copy = (event: ClipboardEvent, data: DataTransfer) => {
      const { editor } = latest.current;
      const { selected } = editor.state;
      if (selected.nodes.length === 0 || !getSelection()?.isCollapsed) return;
      event.preventDefault();
      data.setData('text/plain', writeClip(copyNodes(editor.state.document, selected.nodes)));
      if (event.type === 'cut') editor.edit((before) => remove(before, selected));
    };
    const paste = (event: ClipboardEvent, data: DataTransfer) => {
      const { editor, types } = latest.current;
      const text = data.getData('text/plain');
      const clip = readClip(text);
      if (clip === null) {
        if (text.trim() !== '')
          toast({ tone: 'neutral', text: 'The clipboard holds no nodes. Copy some in an editor first.' });
        return;
      }
      event.preventDefault();
      const pasted = pasteNodes(editor.state.document, clip, types);
      editor.edit(() => pasted.document, { select: { nodes: pasted.keys, edges: [] } });
    };
    const clipboard = ['copy', 'cut', 'paste'] as const;
    document.addEventListener('keydown', onKeyDown);
    for (const type of clipboard) document.addEventListener(type, onClipboard);
    return () => {
      document.removeEventListener('keydown', onKeyDown);
      for (const type of clipboard) document.removeEventListener(type, onClipboard);
    };
  }, [toast]);
  return root;
}

/** Whether the key meant something here. */
function actOn(event: KeyboardEvent, input: EditorKeysInput): boolean {
  const { editor, types, view } = input;
  const key = event.key.toLowerCase();
  const isTypingNow = isTyping(event);
  if (event.altKey) return false;
  if (event.ctrlKey || event.metaKey) {
    if (key === 's') return act(input.onSave);
    if (key === 'enter') return act(input.onRun);
    if (isTypingNow) return false; // Undo in a field is the field's own.
    if (key === 'z') return act(event.shiftKey ? editor.redo : editor.undo);
    if (key === 'y') return act(editor.redo);
    if (key === 'd') return act(() => duplicate(editor, types));
    return false;
  }
  if (isInDialog(event)) return false; // such as of a field that was made large: its keys are its own
  if (key === 'escape' && isInPanel(event)) return act(() => view.current?.focus());
  if (isTypingNow) return false;
  if (key === '/') return act(input.onAdd);
  if (key === '?') return act(input.onShortcuts);
  if (key === 'l') return act(input.onLayOut);
  return false;
}

function act(action: () => unknown): true {
  action();
  return true;
}

function duplicate({ state, edit }: Editor, types: Definitions): void {
  if (state.selected.nodes.length === 0) return;
  const pasted = pasteNodes(state.document, copyNodes(state.document, state.selected.nodes), types);
  edit(() => pasted.document, { select: { nodes: pasted.keys, edges: [] } });
}

function isTyping({ target }: Event): boolean {
  return (
    target instanceof Element && target.closest('input, textarea, select, [contenteditable="true"]') !== null
  );
}

function isInDialog({ target }: Event): boolean {
  return target instanceof Element && target.closest('dialog') !== null;
}

function isInPanel({ target }: Event): boolean {
  return target instanceof Element && target.closest('.weft-editor__panel') !== null;
}

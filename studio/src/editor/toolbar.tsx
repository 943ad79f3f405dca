import { type ReactElement, type ReactNode, useRef } from 'react';
import { Button, IconButton } from '../ui/button.tsx';
import { Menu } from '../ui/menu.tsx';
import { Badge } from '../ui/status-badge.tsx';
import { useToast } from '../ui/toast.tsx';
import { readWorkflow, writeFile } from './model/text.ts';
import type { Editor } from './use-editor.ts';

export interface ToolbarProps {
  editor: Editor;
  onSave: () => void;
  onRun: () => void;
  onAdd: () => void;
  onLayOut: () => void;
  onVersions: () => void;
  onShortcuts: () => void;
  /** Before the name, such as a way back. */
  children?: ReactNode;
}

/** The name of the workflow, whether it is saved, and what can be done with it as a whole. */
export function Toolbar(props: ToolbarProps): ReactElement {
  const { editor, onSave, onRun, onAdd, onLayOut, onVersions, onShortcuts } = props;
  const { document, past, future, savedVersion } = editor.state;
  const picker = useRef<HTMLInputElement>(null);
  const toast = useToast();
  const importFile = async (file: File | undefined) => {
    if (file === undefined) return;
    const read = readWorkflow(await file.text());
    if ('problem' in read) toast({ tone: 'failure', text: `${file.name}: ${read.problem}` });
    else editor.edit((before) => ({ ...read.document, name: read.document.name || before.name }));
  };
  return (
    <header className="weft-editor__toolbar">
      <h1 className="weft-editor__title">{document.name || 'Without a name'}</h1>
      <span className="weft-muted weft-editor__version">Version {savedVersion}</span>
      {editor.isDirty && <Badge tone="waiting">Unsaved</Badge>}
      <div className="weft-editor__tools">
        <IconButton icon="plus" label="Add a node (/)" onClick={onAdd} />
        <IconButton icon="undo" label="Undo (Ctrl Z)" disabled={past.length === 0} onClick={editor.undo} />
        <IconButton
          icon="redo"
          label="Redo (Ctrl Shift Z)"
          disabled={future.length === 0}
          onClick={editor.redo}
        />
        <IconButton icon="layout" label="Lay out (L)" onClick={onLayOut} />
        <IconButton icon="history" label="Versions" onClick={onVersions} />
        <Menu
          label="More"
          isIconOnly
          variant="ghost"
          items={[
            { label: 'Export as a file', icon: 'download', onSelect: () => exportFile(editor) },
            { label: 'Import a file …', icon: 'upload', onSelect: () => picker.current?.click() },
            { label: 'Keyboard shortcuts', icon: 'keyboard', onSelect: onShortcuts },
          ]}
        />
        <input
          ref={picker}
          type="file"
          accept=".json,application/json"
          hidden
          aria-label="Workflow to import"
          onChange={(event) => {
            void importFile(event.target.files?.[0]).catch(({ message }: Error) =>
              toast({ tone: 'failure', text: message }),
            );
            event.target.value = '';
          }}
        />
        <Button icon="play" onClick={onRun}>
          Run
        </Button>
        <Button
          variant="primary"
          icon="save"
          isBusy={editor.isSaving}
          disabled={!editor.isDirty}
          onClick={onSave}
        >
          Save
        </Button>
      </div>
    </header>
  );
}

function exportFile({ state }: Editor): void {
  const url = URL.createObjectURL(new Blob([writeFile(state.document)], { type: 'application/json' }));
  const link = globalThis.document.createElement('a');
  link.href = url;
  link.download = `${state.document.name.replace(/[^\w-]+/g, '-').toLowerCase() || 'workflow'}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

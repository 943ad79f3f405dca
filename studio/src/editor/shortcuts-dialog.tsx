import type { ReactElement } from 'react';
import { Dialog } from '../ui/dialog.tsx';

/** All keys of the editor. */
export function ShortcutsDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }): ReactElement {
  return (
    <Dialog title="Keyboard shortcuts" isOpen={isOpen} onClose={onClose}>
      <dl className="weft-shortcuts">
        {shortcuts.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p className="weft-muted">On a Mac, Command stands for Ctrl.</p>
    </Dialog>
  );
}

const shortcuts = [
  ['/', 'Add a node, joined to the one that is chosen'],
  ['← → ↑ ↓', 'Choose the next node in that direction'],
  ['Shift ← → ↑ ↓', 'Move the chosen nodes'],
  ['Enter', 'Open the form of the chosen node'],
  ['Delete', 'Remove what is chosen'],
  ['Esc', 'Choose nothing; from a form back to the canvas'],
  ['Ctrl A', 'Choose all nodes'],
  ['Ctrl C', 'Copy, as JSON'],
  ['Ctrl X', 'Cut'],
  ['Ctrl V', 'Paste, from another window too'],
  ['Ctrl D', 'Duplicate'],
  ['Ctrl Z', 'Undo'],
  ['Ctrl Shift Z', 'Redo'],
  ['Ctrl S', 'Save'],
  ['Ctrl Enter', 'Run'],
  ['L', 'Lay out'],
  ['+ −', 'Zoom in, zoom out'],
  ['0', 'Show all'],
  ['?', 'Show this'],
] as const;

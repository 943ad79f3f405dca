import type { NodeDefinition } from '@weft/client';
import { type CSSProperties, type KeyboardEvent, type ReactElement, useId, useState } from 'react';
import { categoryColour, nodeIcon } from '../canvas/looks.ts';
import { nodeTypeMime } from '../canvas/workflow-canvas.tsx';
import { IconButton } from '../ui/button.tsx';
import { classNames } from '../ui/class-names.ts';
import { withCode } from '../ui/code-text.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Input } from '../ui/field.tsx';
import { Icon } from '../ui/icon.tsx';
import { useRemembered } from '../ui/use-remembered.ts';

export interface PaletteProps {
  definitions: readonly NodeDefinition[];
  onAdd: (type: string) => void;
}

/** Below this many px the canvas has more use for the room than the names of the types. */
const wideFrom = 1400;

/** The types of nodes by category: to drag onto the canvas, or to click. */
export function Palette({ definitions, onAdd }: PaletteProps): ReactElement {
  const categories = Map.groupBy(definitions, ({ category }) => category);
  const [isOpen, setIsOpen] = useRemembered('editor.palette', innerWidth >= wideFrom);
  return (
    <nav className={classNames('weft-palette', !isOpen && 'weft-palette--collapsed')} aria-label="Add a node">
      {[...categories].map(([category, types]) => (
        <section key={category}>
          <h2 className={isOpen ? 'weft-palette__category' : 'weft-hidden'}>{category}</h2>
          <ul>
            {types.map((definition) => (
              <li key={definition.type}>
                <button
                  type="button"
                  className="weft-palette__item"
                  title={isOpen ? definition.description : `${definition.label}: ${definition.description}`}
                  draggable
                  onDragStart={(event) => {
                    event.dataTransfer.setData(nodeTypeMime, definition.type);
                    event.dataTransfer.effectAllowed = 'copy';
                  }}
                  onClick={() => onAdd(definition.type)}
                >
                  <TypeIcon definition={definition} />
                  <span className={isOpen ? undefined : 'weft-hidden'}>{definition.label}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
      <div className="weft-palette__foot">
        {isOpen && (
          <p className="weft-palette__hint">
            Drag, click, or press <kbd>/</kbd>
          </p>
        )}
        <IconButton
          icon="panelLeft"
          label={isOpen ? 'Collapse the palette' : 'Expand the palette'}
          size="small"
          aria-expanded={isOpen}
          onClick={() => setIsOpen(!isOpen)}
        />
      </div>
    </nav>
  );
}

function TypeIcon({ definition }: { definition: NodeDefinition }): ReactElement {
  const colour = { '--weft-node-colour': categoryColour(definition.category) } as CSSProperties;
  return (
    <span className="weft-palette__icon" style={colour}>
      <Icon name={nodeIcon(definition.type, definition.category)} size={14} />
    </span>
  );
}

export interface QuickAddProps extends PaletteProps {
  isOpen: boolean;
  onClose: () => void;
}

/** Adds a node by typing a part of its name. */
export function QuickAdd({ isOpen, onClose, ...props }: QuickAddProps): ReactElement {
  return (
    <Dialog title="Add a node" size="small" isOpen={isOpen} onClose={onClose}>
      <QuickList {...props} onClose={onClose} />
    </Dialog>
  );
}

function QuickList({ definitions, onAdd, onClose }: Omit<QuickAddProps, 'isOpen'>): ReactElement {
  const id = useId();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const found = search(definitions, query);
  const active = Math.min(at, found.length - 1);
  const add = (type: string) => {
    onClose();
    onAdd(type);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setAt((active + step + found.length) % Math.max(found.length, 1));
    } else if (event.key === 'Enter' && found[active]) {
      event.preventDefault();
      add(found[active].type);
    }
  };
  return (
    <div className="weft-quick">
      <Input
        ref={focusFirst}
        icon="search"
        role="combobox"
        aria-label="Type of node"
        aria-expanded
        aria-controls={id}
        aria-activedescendant={found[active] && `${id}-${active}`}
        placeholder="Python, branch …"
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      {found.length === 0 && <p className="weft-muted">No type of node has “{query}” in its name.</p>}
      <div id={id} role="listbox" aria-label="Types of nodes" className="weft-quick__list">
        {found.map((definition, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
          // biome-ignore lint/a11y/useFocusableInteractive: as above
          <div
            key={definition.type}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            className="weft-quick__option"
            onClick={() => add(definition.type)}
          >
            <TypeIcon definition={definition} />
            <span>
              <strong>{definition.label}</strong>
              <span className="weft-muted">{withCode(definition.description)}</span>
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}

/** The dialog that it stands in focuses what has this attribute. React keeps it to itself. */
function focusFirst(input: HTMLInputElement | null): void {
  input?.setAttribute('autofocus', '');
}

function search(definitions: readonly NodeDefinition[], query: string): NodeDefinition[] {
  const text = query.trim().toLowerCase();
  const rank = ({ label, type, description, category }: NodeDefinition) => {
    if (
      `${label} ${type}`
        .toLowerCase()
        .split(/\s/)
        .some((word) => word.startsWith(text))
    )
      return 0;
    if (`${label} ${type} ${category}`.toLowerCase().includes(text)) return 1;
    return description.toLowerCase().includes(text) ? 2 : 3;
  };
  return definitions
    .map((definition) => ({ definition, rank: rank(definition) }))
    .filter((each) => each.rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .map(({ definition }) => definition);
}

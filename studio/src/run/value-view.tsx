import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactElement, useMemo, useRef, useState } from 'react';
import { FileLinks } from '../files/file-links.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { classNames } from '../ui/class-names.ts';
import { Icon } from '../ui/icon.tsx';
import {
  cellText,
  maxMembers,
  tableColumns,
  type ValueRow,
  valuePreview,
  valueRows,
} from './model/value-rows.ts';
import { saveFile } from './save-file.ts';
import './value-view.css';

export interface ValueViewProps {
  /** What it is; read out, and the name of the file where it is downloaded. */
  label: string;
  value: unknown;
}

/** A JSON value as a tree, or as a table where it is a list of objects; what is in sight alone is drawn. */
export function ValueView({ label, value }: ValueViewProps): ReactElement {
  const columns = useMemo(() => tableColumns(value), [value]);
  const [wantsTree, setWantsTree] = useState(false);
  const isTable = columns !== null && !wantsTree;
  const download = () =>
    saveFile(new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }), `${label}.json`);
  return (
    <div className="weft-value">
      <div className="weft-value__tools">
        <h3>{label}</h3>
        {columns !== null && (
          <Button size="small" variant="ghost" onClick={() => setWantsTree(!wantsTree)}>
            {isTable ? 'As a tree' : 'As a table'}
          </Button>
        )}
        <IconButton icon="download" label={`Download ${label}`} size="small" onClick={download} />
      </div>
      <div className="weft-value__files">
        <FileLinks value={value} />
      </div>
      {isTable ? (
        <ValueTable label={label} rows={value as Record<string, unknown>[]} columns={columns} />
      ) : (
        <ValueTree label={label} value={value} />
      )}
    </div>
  );
}

const rowHeight = 24;

function ValueTree({ label, value }: ValueViewProps): ReactElement {
  const scroll = useRef<HTMLElement>(null);
  /** Those that a person has opened or closed; the first two levels begin open. */
  const [touched, setTouched] = useState<ReadonlyMap<string, boolean>>(new Map());
  const rows = useMemo(
    () => valueRows(value, (path, depth) => touched.get(path) ?? depth < 2),
    [value, touched],
  );
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  });
  const toggle = ({ path, isOpen }: ValueRow) => setTouched(new Map(touched).set(path, !isOpen));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled with the keyboard
    <section ref={scroll} className="weft-value__scroll" aria-label={label} tabIndex={0}>
      <div className="weft-value__all" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index]!;
          return (
            <div
              key={row.path}
              className="weft-value__row"
              style={{ transform: `translateY(${start}px)`, paddingLeft: `${row.depth * 1.1 + 0.5}rem` }}
              title={row.path}
            >
              {row.size ? (
                <button
                  type="button"
                  className={classNames('weft-value__toggle', row.isOpen && 'weft-value__toggle--open')}
                  aria-expanded={row.isOpen}
                  aria-label={row.name ?? label}
                  onClick={() => toggle(row)}
                >
                  <Icon name="chevronRight" size={12} />
                </button>
              ) : (
                <span className="weft-value__toggle" />
              )}
              {row.name !== null && <span className="weft-value__name">{row.name}</span>}
              <span className={`weft-value__text weft-value__text--${kindOf(row.value)}`}>
                {valuePreview(row.value)}
              </span>
              {row.hidden > 0 && (
                <span className="weft-muted">
                  the first {maxMembers.toLocaleString('en')} are shown; all are in the download
                </span>
              )}
            </div>
          );
        })}
      </div>
    </section>
  );
}

function ValueTable({
  label,
  rows,
  columns,
}: {
  label: string;
  rows: readonly Record<string, unknown>[];
  columns: readonly string[];
}): ReactElement {
  const scroll = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight + 4,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled with the keyboard
    <section ref={scroll} className="weft-value__scroll" aria-label={label} tabIndex={0}>
      <table className="weft-value__table" aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            <th scope="col">#</th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr className="weft-value__gap" style={{ height: before }} />
          {items.map(({ index }) => (
            <tr key={index}>
              <td>{index}</td>
              {columns.map((column) => (
                <td key={column} className={`weft-value__text--${kindOf(rows[index]?.[column])}`}>
                  {cellText(rows[index]?.[column])}
                </td>
              ))}
            </tr>
          ))}
          <tr className="weft-value__gap" style={{ height: after }} />
        </tbody>
      </table>
    </section>
  );
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

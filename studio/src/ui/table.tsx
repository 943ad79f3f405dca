import { type ReactElement, type ReactNode, useRef } from 'react';
import { classNames } from './class-names.ts';
import './table.css';
import { useRowWindow } from './use-row-window.ts';

export interface Column<Row> {
  id: string;
  header: ReactNode;
  cell: (row: Row) => ReactNode;
  /** Such as `8rem`; the rest share what is left. */
  width?: string;
  align?: 'start' | 'end';
  /** What goes first where the window is narrow: 1 stays with the row's title, 2 needs 640 px, 3 needs 900. */
  priority?: 1 | 2 | 3;
}

export interface TableProps<Row> {
  /** What its rows are; read out. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
}

/** Any number of rows: of a long table only those in sight are drawn. The first column is each row's title. */
export function Table<Row>({ label, columns, rows, rowKey }: TableProps<Row>): ReactElement {
  const table = useRef<HTMLTableElement>(null);
  const { indexes, before, after, measure } = useRowWindow(table, rows.length);
  return (
    <table ref={table} className="weft-table" aria-label={label} aria-rowcount={rows.length + 1}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.id} scope="col" className={cellClass(column)} style={{ width: column.width }}>
              {column.header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        <Gap height={before} />
        {indexes.map((index) => {
          const row = rows[index];
          if (row === undefined) return null; // there were more a moment ago
          return (
            <tr key={rowKey(row)} ref={measure} data-index={index} aria-rowindex={index + 2}>
              {columns.map((column, place) => (
                <Cell key={column.id} column={column} row={row} isTitle={place === 0} />
              ))}
            </tr>
          );
        })}
        <Gap height={after} />
      </tbody>
    </table>
  );
}

/** Stands for the rows that are out of sight. */
function Gap({ height }: { height: number }): ReactElement | null {
  if (height <= 0) return null;
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: it has no focus to take
  return <tr aria-hidden="true" className="weft-table__gap" style={{ height }} />;
}

interface CellProps<Row> {
  column: Column<Row>;
  row: Row;
  isTitle: boolean;
}

function Cell<Row>({ column, row, isTitle }: CellProps<Row>): ReactElement {
  return isTitle ? (
    <th scope="row" className={cellClass(column)}>
      {column.cell(row)}
    </th>
  ) : (
    <td className={cellClass(column)}>{column.cell(row)}</td>
  );
}

function cellClass<Row>({ align, priority = 1 }: Column<Row>): string {
  return classNames(align === 'end' && 'weft-table__end', priority > 1 && `weft-table__p${priority}`);
}

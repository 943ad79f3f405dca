import { Fragment, type ReactElement } from 'react';
import { NumberField } from './limit-fields.tsx';
import type { WorkflowDocument } from './model/document.ts';

type Kept = Pick<WorkflowDocument, 'retention'>;
type Status = 'succeeded' | 'failed' | 'canceled';
type Part = 'days' | 'count';

export interface RetentionFieldsProps {
  document: Kept;
  set: (change: Kept, group: string) => void;
  /** What is wrong with a field, by its path. */
  faultOf: (field: string) => string | undefined;
}

const statuses: readonly [Status, string][] = [
  ['succeeded', 'Succeeded'],
  ['failed', 'Failed'],
  ['canceled', 'Canceled'],
];

/** How long runs are kept once they have ended. A status without numbers is as the server says. */
export function RetentionFields({ document, set, faultOf }: RetentionFieldsProps): ReactElement {
  const change = (status: Status, part: Part, value: number | undefined) =>
    set({ retention: withPart(document.retention, status, part, value) }, `retention.${status}.${part}`);
  return (
    <>
      {statuses.map(([status, word]) => (
        <Fragment key={status}>
          <NumberField
            label={`${word} runs: days`}
            description="Kept for so many days from their end. Empty for no limit of its own."
            value={document.retention?.[status]?.days ?? undefined}
            onChange={(value) => change(status, 'days', value)}
            error={faultOf(`retention.${status}.days`) ?? faultOf(`retention.${status}`)}
          />
          <NumberField
            label={`${word} runs: at most`}
            description="As many are kept, which began last. Empty for all."
            value={document.retention?.[status]?.count ?? undefined}
            onChange={(value) => change(status, 'count', value)}
            error={faultOf(`retention.${status}.count`)}
          />
        </Fragment>
      ))}
    </>
  );
}

/** Without what says nothing any more. */
function withPart(
  retention: Kept['retention'],
  status: Status,
  part: Part,
  value: number | undefined,
): Kept['retention'] {
  const { [part]: _former, ...rest } = retention?.[status] ?? {};
  const rule = value === undefined ? rest : { ...rest, [part]: value };
  const { [status]: _rule, ...others } = retention ?? {};
  const next = Object.keys(rule).length === 0 ? others : { ...others, [status]: rule };
  return Object.keys(next).length === 0 ? undefined : next;
}

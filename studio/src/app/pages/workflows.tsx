import { type ReactElement, useDeferredValue } from 'react';
import { useSearchParams } from 'wouter';
import { useWorkflows } from '../../data/workflows.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState, SkeletonRows } from '../../ui/feedback.tsx';
import { Input } from '../../ui/field.tsx';
import { MoreOnScroll } from '../../ui/more-on-scroll.tsx';
import { Table } from '../../ui/table.tsx';
import { Card, LoadFailed, Page } from '../page.tsx';
import { NewWorkflow } from './workflows/new-workflow.tsx';
import { Templates } from './workflows/templates.tsx';
import { workflowColumns } from './workflows/workflow-columns.tsx';
import './workflows.css';

export default function WorkflowsPage(): ReactElement {
  const [params, setParams] = useSearchParams();
  const search = params.get('q') ?? '';
  const workflows = useWorkflows(useDeferredValue(search.trim()));
  const setSearch = (q: string) => setParams(q === '' ? {} : { q }, { replace: true });
  const hasNone = workflows.data?.length === 0 && search.trim() === '';

  return (
    <Page title="Workflows" actions={<NewWorkflow />}>
      {!hasNone && (
        <Input
          type="search"
          icon="search"
          className="weft-workflows__search"
          aria-label="Search workflows"
          placeholder="Search by name"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      )}
      {workflows.error && workflows.data === undefined ? (
        <LoadFailed what="the workflows" error={workflows.error} onRetry={workflows.refetch} />
      ) : hasNone ? (
        <NoWorkflows />
      ) : (
        <Card>
          {workflows.data === undefined ? (
            <SkeletonRows />
          ) : workflows.data.length > 0 ? (
            <Table
              label="Workflows"
              columns={workflowColumns}
              rows={workflows.data}
              rowKey={({ id }) => id}
            />
          ) : (
            <NoMatches search={search} onClear={() => setSearch('')} />
          )}
        </Card>
      )}
      <MoreOnScroll {...workflows} />
    </Page>
  );
}

function NoWorkflows(): ReactElement {
  return (
    <div className="weft-workflows__none">
      <EmptyState icon="workflow" title="No workflows yet">
        A workflow is a graph of nodes: Python, branches, transforms. Run one of these as it is, and watch it
        as it happens; or make your own.
      </EmptyState>
      <Templates />
    </div>
  );
}

function NoMatches({ search, onClear }: { search: string; onClear: () => void }): ReactElement {
  return (
    <EmptyState
      icon="search"
      title={`No workflow is called “${search.trim()}”`}
      actions={<Button onClick={onClear}>Clear the search</Button>}
    />
  );
}

import type { PythonEnvironment } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { keyOf, useEnvironments, usePreparations } from '../../data/environments.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { EmptyState, SkeletonRows } from '../../ui/feedback.tsx';
import { formatBytes } from '../../ui/format.ts';
import { Table } from '../../ui/table.tsx';
import { Card, LoadFailed, Page } from '../page.tsx';
import { DeleteEnvironment } from './environments/delete-environment.tsx';
import { environmentColumns } from './environments/environment-columns.tsx';
import { PreparationCard } from './environments/preparation-card.tsx';
import { PrepareDialog } from './environments/prepare-dialog.tsx';
import './environments.css';

export default function EnvironmentsPage(): ReactElement {
  const { data, error, refetch, isFetching } = useEnvironments();
  const preparations = usePreparations(data);
  const [isPreparing, setIsPreparing] = useState(false);
  const [toDelete, setToDelete] = useState<PythonEnvironment | null>(null);
  const prepareButton = (
    <Button variant="primary" icon="plus" onClick={() => setIsPreparing(true)}>
      Prepare
    </Button>
  );
  const shown = preparations.all.map(({ packages }) => keyOf(packages));
  const rows = data?.filter(
    ({ state, requirements }) => state === 'READY' || !shown.includes(keyOf(requirements)),
  );
  const columns = environmentColumns({ onRetry: preparations.prepare, onDelete: setToDelete });
  return (
    <Page
      title="Environments"
      description={data && data.length > 0 ? summaryOf(data) : undefined}
      actions={
        <>
          <IconButton
            icon="refresh"
            label="Read again"
            variant="secondary"
            isBusy={isFetching && data !== undefined}
            onClick={() => void refetch()}
          />
          {prepareButton}
        </>
      }
    >
      {preparations.all.map((preparation) => (
        <PreparationCard
          key={keyOf(preparation.packages)}
          preparation={preparation}
          onRetry={() => preparations.prepare(preparation.packages)}
          onDismiss={() => preparations.dismiss(preparation.packages)}
        />
      ))}
      {error && data === undefined ? (
        <LoadFailed what="the environments" error={error} onRetry={refetch} />
      ) : rows === undefined ? (
        <Card>
          <SkeletonRows />
        </Card>
      ) : rows.length > 0 ? (
        <Card>
          <Table label="Environments" columns={columns} rows={rows} rowKey={({ id }) => id} />
        </Card>
      ) : (
        preparations.all.length === 0 && (
          <Card>
            <EmptyState icon="box" title="No environments yet" actions={prepareButton}>
              A Python node says which packages it needs. The first run installs them here, and all later runs
              with the same packages share them. Prepare them ahead, and no run waits.
            </EmptyState>
          </Card>
        )
      )}
      <PrepareDialog
        isOpen={isPreparing}
        onClose={() => setIsPreparing(false)}
        onPrepare={(packages) => {
          preparations.prepare(packages);
          setIsPreparing(false);
        }}
      />
      <DeleteEnvironment environment={toDelete} onClose={() => setToDelete(null)} />
    </Page>
  );
}

function summaryOf(environments: readonly PythonEnvironment[]): string {
  const ready = environments.filter(({ state }) => state === 'READY');
  const bytes = ready.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return `${ready.length} ready, ${formatBytes(bytes)} on the disk of the host that answers`;
}

import { type Project } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { useProjectChange, useProjects } from '../data/access.ts';
import { messageOf } from '../data/executions.ts';
import { errorsOf, faultBeside } from '../data/field-errors.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Callout, SkeletonRows } from '../ui/feedback.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { formatBytes } from '../ui/format.ts';
import { NumberField, toNumber } from '../ui/number-field.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { type Column, Table } from '../ui/table.tsx';
import { TextField } from '../ui/text-field.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { useToast } from '../ui/toast.tsx';
import { allowanceOf } from './token-words.ts';

/** What teams or customers have of this server, each apart from the others. */
export function Projects(): ReactElement {
  const { data: rows, error } = useProjects();
  const [edited, setEdited] = useState<Project | null>(null);
  const [ending, setEnding] = useState<Project | null>(null);
  if (error && rows === undefined)
    return (
      <Callout tone="failure" title="Could not read the projects">
        {error.message}
      </Callout>
    );
  return (
    <>
      {rows === undefined ? (
        <SkeletonRows />
      ) : (
        <Table
          label="Projects"
          columns={columnsOf(setEdited, setEnding)}
          rows={rows}
          rowKey={({ key }) => key}
        />
      )}
      {edited && <ProjectDialog project={edited} onClose={() => setEdited(null)} />}
      {ending && <Delete project={ending} onClose={() => setEnding(null)} />}
    </>
  );
}

const fields = [
  ...['key', 'name', 'allowedPackages'],
  ...['costPerMinute', 'maxRunningExecutions', 'maxStoredBytes'],
];
const bytesInMb = 1_000_000;

/** A dialog that is open, for a new project, or for what one is called and may use. */
export function ProjectDialog({
  project,
  onClose,
}: {
  project: Project | null;
  onClose: () => void;
}): ReactElement {
  const [key, setKey] = useState('');
  const [name, setName] = useState(project?.name ?? '');
  const [cost, setCost] = useState(project?.costPerMinute?.toString() ?? '');
  const [running, setRunning] = useState(project?.maxRunningExecutions?.toString() ?? '');
  const [stored, setStored] = useState(inMb(project?.maxStoredBytes ?? null));
  const [allows, setAllows] = useState<'all' | 'some'>(project?.allowedPackages ? 'some' : 'all');
  const [packages, setPackages] = useState(project?.allowedPackages?.join('\n') ?? '');
  const megabytes = toNumber(stored);
  const input = {
    name: name.trim() || null,
    costPerMinute: toNumber(cost),
    maxRunningExecutions: toNumber(running),
    maxStoredBytes: megabytes && Math.round(megabytes * bytesInMb),
    allowedPackages: allows === 'all' ? null : packages.split(/[\s,]+/).filter((each) => each !== ''),
  };
  const save = useProjectChange(({ projects }) =>
    project === null ? projects.create({ key: key.trim(), ...input }) : projects.update(project.key, input),
  );
  const errorAt = (field: string) => errorsOf(save.error, field);
  return (
    <FormDialog
      title={project === null ? 'New project' : `Change ${project.name}`}
      onClose={onClose}
      action={project === null ? 'Create' : 'Save'}
      onSubmit={() => save.mutate(undefined, { onSuccess: onClose })}
      isBusy={save.isPending}
      fault={faultBeside(save.error, fields)}
    >
      {project === null && (
        <TextField
          label="Key"
          description="What requests name it by. It never changes."
          isRequired
          error={errorAt('key')}
          isCode
          value={key}
          maxLength={64}
          placeholder="acme"
          onChange={setKey}
        />
      )}
      <TextField
        label="Name"
        isRequired={project !== null}
        error={errorAt('name')}
        value={name}
        maxLength={100}
        placeholder="Acme Corp."
        onChange={setName}
      />
      <NumberField
        label="Cost of operations a minute"
        description="At most, of all who act in it: 1 for each object that is read, 10 for each change."
        placeholder="no limit"
        min={60}
        max={10_000_000}
        value={cost}
        onChange={setCost}
        error={errorAt('costPerMinute')}
      />
      <NumberField
        label="Runs at once"
        description="At most, of those that clients have started and that have not ended."
        placeholder="no limit"
        max={100_000}
        value={running}
        onChange={setRunning}
        error={errorAt('maxRunningExecutions')}
      />
      <NumberField
        label="Storage, in MB"
        description="At most, for files and runs with their history."
        placeholder="no limit"
        min={1.048576}
        max={1_125_899_906.842624}
        step={1 / bytesInMb}
        value={stored}
        onChange={setStored}
        error={errorAt('maxStoredBytes')}
      />
      <SelectField
        label="Python packages"
        value={allows}
        onChange={setAllows}
        options={[
          ['all', 'All that the server allows'],
          ['some', 'Only some of these'],
        ]}
      />
      {allows === 'some' && (
        <TextField
          label="Only these packages"
          description="Their names, with spaces or on lines; empty for none."
          error={errorAt('allowedPackages')}
          isCode
          rows={3}
          placeholder={'pandas\nscipy'}
          value={packages}
          onChange={setPackages}
        />
      )}
    </FormDialog>
  );
}

function inMb(bytes: number | null): string {
  return bytes === null ? '' : String(bytes / bytesInMb);
}

function Delete({ project, onClose }: { project: Project; onClose: () => void }): ReactElement {
  const toast = useToast();
  const remove = useProjectChange(({ projects }) => projects.delete(project.key));
  return (
    <ConfirmDialog
      title={`Delete ${project.name}?`}
      action="Delete"
      isBusy={remove.isPending}
      onConfirm={() =>
        remove.mutate(undefined, {
          onSuccess: onClose,
          onError: (error) => toast({ tone: 'failure', text: messageOf(error) }),
        })
      }
      onClose={onClose}
    >
      Only a project without workflows, runs and tokens can be deleted.
    </ConfirmDialog>
  );
}

/** Beside what it may store, in a line. */
function limitsOf({ allowedPackages: packages, ...allowance }: Project): string {
  const some = packages === null ? '' : packages.length === 0 ? 'no packages' : packages.join(' ');
  return [allowanceOf(allowance), some].filter((each) => each !== '').join(', ');
}

function columnsOf(
  onChange: (project: Project) => void,
  onDelete: (project: Project) => void,
): readonly Column<Project>[] {
  return [
    {
      id: 'name',
      header: 'Project',
      cell: ({ name, key }) => (
        <>
          {name}
          <div className="weft-muted weft-mono">{key}</div>
        </>
      ),
    },
    {
      id: 'stored',
      header: 'Stored',
      width: '10rem',
      cell: ({ storedBytes, maxStoredBytes: max }) =>
        `${formatBytes(storedBytes)}${max === null ? '' : ` of ${formatBytes(max)}`}`,
    },
    {
      id: 'limits',
      header: 'May use',
      priority: 2,
      cell: (project) => limitsOf(project) || <span className="weft-muted">what it wants</span>,
    },
    {
      id: 'created',
      header: 'Made',
      width: '9rem',
      priority: 2,
      cell: ({ createdAt }) => <RelativeTime at={createdAt} />,
    },
    {
      id: 'actions',
      header: <span className="weft-hidden">Actions</span>,
      width: '12rem',
      align: 'end',
      cell: (project) => (
        <>
          <Button size="small" onClick={() => onChange(project)}>
            Change<span className="weft-hidden"> {project.name}</span>
          </Button>{' '}
          {project.key !== 'default' && (
            <Button size="small" onClick={() => onDelete(project)}>
              Delete<span className="weft-hidden"> {project.name}</span>
            </Button>
          )}
        </>
      ),
    },
  ];
}

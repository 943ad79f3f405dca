/** The page that react.test.ts drives. What it mounts, and what the browser has open, is on `window`. */
import { Component, StrictMode, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from '../../../client-sdk/src/index.ts';
import {
  useApprovals,
  useEnvironment,
  useExecution,
  useExecutionEvents,
  useExecutions,
  useNodeOutput,
  useStart,
  WeftProvider,
} from '../../../client-sdk/src/react/index.ts';
import { replay } from '../../../client-sdk/src/testing/index.ts';

window.sockets = [];
window.subscriptions = 0;
const NativeWebSocket = window.WebSocket;
window.WebSocket = class extends NativeWebSocket {
  constructor(...args) {
    super(...args);
    window.sockets.push(this);
  }
  send(message) {
    if (JSON.parse(message).type === 'subscribe') window.subscriptions++;
    super.send(message);
  }
};

window.renders = { execution: 0, node: 0, otherNode: 0 };

function Execution({ id }) {
  const { status, output, error, problem } = useExecution(id);
  window.renders.execution++;
  return (
    <p id="execution">
      {status ?? 'nothing yet'} {JSON.stringify(output)} {error?.code} {problem?.code}
    </p>
  );
}

function Node({ id, nodeKey }) {
  const { stdout, progress, status, output } = useNodeOutput(id, nodeKey);
  window.renders[nodeKey === 'other' ? 'otherNode' : 'node']++;
  return (
    <pre id={nodeKey}>
      {status} {progress && `${progress.current}/${progress.total}`} {JSON.stringify(output)} {stdout}
    </pre>
  );
}

function Events({ id }) {
  const events = useExecutionEvents(id);
  const lists = useRef(new Set());
  lists.current.add(events);
  return (
    <p id="events">
      {events.map(({ sequence }) => sequence).join(' ')} in {lists.current.size} lists
    </p>
  );
}

function App({ first }) {
  const [id, setId] = useState(first);
  window.show = setId;
  return (
    <>
      <Execution id={id} />
      <Node id={id} nodeKey="python" />
      <Node id={id} nodeKey="other" />
      <Events id={id} />
    </>
  );
}

class Boundary extends Component {
  state = {};
  static getDerivedStateFromError(error) {
    return { error };
  }
  render() {
    return this.state.error ? <p id="caught">{this.state.error.message}</p> : this.props.children;
  }
}

window.mount = (options, id) => {
  window.renders = { execution: 0, node: 0, otherNode: 0 };
  const root = createRoot(document.getElementById('root'));
  const client = createClient(options);
  root.render(
    <StrictMode>
      <WeftProvider client={client}>
        <App first={id} />
      </WeftProvider>
    </StrictMode>,
  );
  window.unmount = () => root.unmount();
};

window.mountReplay = (exported) => {
  window.recording = replay(exported, { speed: 'stepped' });
  const root = createRoot(document.getElementById('root'));
  root.render(
    <WeftProvider client={window.recording.client}>
      <App first={window.recording.executionId} />
    </WeftProvider>,
  );
  window.unmount = () => root.unmount();
};

window.mountWithoutProvider = () => {
  const root = createRoot(document.getElementById('root'));
  root.render(
    <Boundary>
      <Execution id="exec_1" />
    </Boundary>,
  );
  window.unmount = () => root.unmount();
};

function Asked({ filter }) {
  const { approvals, isLoading, problem } = useApprovals(filter);
  return (
    <p id="asked">
      {isLoading ? 'loading' : approvals.map(({ title, status }) => `${title} ${status}`).join(', ')}{' '}
      {problem?.code}
    </p>
  );
}

window.mountApprovals = (options, filter) => {
  const root = createRoot(document.getElementById('root'));
  const client = createClient(options);
  window.resolveApproval = (...args) => client.approvals.resolve(...args).then(({ status }) => status);
  root.render(
    <StrictMode>
      <WeftProvider client={client}>
        <Asked filter={{ ...filter }} />
        <Asked filter={{ ...filter }} />
      </WeftProvider>
    </StrictMode>,
  );
  window.unmount = () => root.unmount();
};

function Listed({ filter }) {
  const { executions, isLoading, problem } = useExecutions(filter);
  return (
    <p id="listed">
      {isLoading ? 'loading' : executions.map(({ id, status }) => `${id} ${status}`).join(', ')}{' '}
      {problem?.code}
    </p>
  );
}

function Starter({ workflow }) {
  const { start, id, isStarting, problem } = useStart(workflow);
  const { output } = useExecution(id);
  return (
    <p id="started">
      <button type="button" onClick={() => start({ n: 20 }).catch(() => {})}>
        Start
      </button>
      <button type="button" onClick={() => start('wrong').catch(() => {})}>
        Start wrongly
      </button>
      {isStarting ? 'starting' : id} {JSON.stringify(output)} {problem?.code}
    </p>
  );
}

function Environment() {
  const [packages, setPackages] = useState(null);
  const { progress, isReady, problem } = useEnvironment(packages);
  window.install = setPackages;
  return (
    <p id="environment">
      {progress?.status ?? 'none'} {isReady && 'ready'} {progress?.error} {problem?.code}
    </p>
  );
}

window.mountLists = (options, filter, workflow) => {
  const root = createRoot(document.getElementById('root'));
  const client = createClient(options);
  root.render(
    <StrictMode>
      <WeftProvider client={client}>
        <Listed filter={{ ...filter }} />
        <Listed filter={{ ...filter }} />
        <Starter workflow={workflow} />
        <Environment />
      </WeftProvider>
    </StrictMode>,
  );
  window.unmount = () => root.unmount();
};

/** The page that form.test.ts drives: `mount` shows a node in its form, and `node` is what has become of it. */
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from '../../../client-sdk/src/index.ts';
import { NodeForm, problemsOfNode, WeftProvider } from '../../../studio/src/lib.ts';
import './page.css';

window.mount = async (url, node, { data, definition, ...props } = {}) => {
  const client = createClient({ url });
  const definitions = await client.nodeDefinitions();
  const known = definition ?? definitions.find(({ type }) => type === node.type);
  window.mounted?.unmount();
  window.mounted = createRoot(document.getElementById('root'));
  window.mounted.render(
    <WeftProvider client={client}>
      <h1>{known?.label ?? node.type}</h1>
      <App client={client} first={node} definition={known} data={data} props={props} />
    </WeftProvider>,
  );
};

function App({ client, first, definition, data, props }) {
  const [node, setNode] = useState(first);
  const [findings, setFindings] = useState([]);
  window.node = node;
  window.setNode = setNode;
  useEffect(() => {
    const leaving = new AbortController();
    const nodes = [{ key: 'start', type: 'input' }, node];
    const edges = [{ source: 'start', target: node.key }];
    client.workflows.validate({ name: 'A workflow', nodes, edges }, { signal: leaving.signal }).then(
      (found) => !leaving.signal.aborted && setFindings(found),
      () => {},
    );
    return () => leaving.abort();
  }, [client, node]);
  return (
    <NodeForm
      definition={definition}
      value={node}
      onChange={setNode}
      onKeyChange={(key) => setNode((current) => ({ ...current, key }))}
      problems={problemsOfNode(findings, 1)}
      data={data}
      {...props}
    />
  );
}

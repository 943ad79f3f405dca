"""Runs the documented operations with `gql`: `gql_client.py <url> <token> <operations folder>` prints JSON."""

import asyncio
import json
import pathlib
import sys

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

CODE = 'for n in range(3):\n    print("line", n)\nresult = input_data["value"] * 2'
WORKFLOW = {
    "name": "of gql",
    "nodes": [{"key": "in", "type": "input"}, {"key": "double", "type": "python", "config": {"code": CODE}}],
    "edges": [{"source": "in", "target": "double"}],
}


async def main(url, token, folder):
    # All of them together select more fields than a document may have.
    files = [pathlib.Path(folder, f"{name}.graphql") for name in ("execution-events", "executions", "workflows")]
    operations = "\n".join(file.read_text() for file in files)
    transport = WebsocketsTransport(
        url=url.replace("http", "ws", 1), init_payload={"authorization": f"Bearer {token}"}
    )
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        print(json.dumps(await scenario(session, operations)))


async def scenario(session, operations):
    def request(operation, variables):
        return GraphQLRequest(operations, variable_values=variables, operation_name=operation)

    async def run(operation, **variables):
        return await session.execute(request(operation, variables))

    created = await run("WorkflowCreate", input=WORKFLOW)
    workflow_id = created["workflowCreate"]["workflow"]["id"]
    started = await run("ExecutionStart", input={"workflowId": workflow_id, "input": {"value": 21}})
    execution_id = started["executionStart"]["execution"]["id"]

    events = []
    async for batch in session.subscribe(request("ExecutionEvents", {"executionId": execution_id})):
        events += batch["executionEvents"]["events"]
    history = await run("ExecutionHistory", id=execution_id, first=100)
    execution = await run("Execution", id=execution_id)
    try:
        await run("Executions", first=1000)
        refusal = None
    except TransportQueryError as error:
        refusal = error.errors[0]["extensions"]["code"]
    return {
        "events": events,
        "history": history["execution"]["events"]["nodes"],
        "output": execution["execution"]["output"],
        "refusal": refusal,
    }


asyncio.run(main(*sys.argv[1:]))

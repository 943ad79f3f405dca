"""Runs a piece of Python through the GraphQL API with the standard library alone, and follows it live.

Start a server (`npm start`), then `python3 examples/python-client.py`; WEFT_URL and WEFT_API_TOKEN name another server.
When the connection breaks, the client subscribes again after the last event: no event is missed or repeated.
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request

SERVER = os.environ.get("WEFT_URL", "http://127.0.0.1:4000").removesuffix("/graphql")
TOKEN = os.environ.get("WEFT_API_TOKEN")

START = """
mutation ($input: PythonRunInput!) {
  pythonRun(input: $input) { execution { id } userErrors { field message } }
}"""

EVENTS = """
subscription ($id: ID!, $after: String) {
  executionEvents(executionId: $id, after: $after) {
    endCursor
    events {
      type: __typename
      ... on NodeOutput { text }
      ... on NodeProgress { current total }
      ... on ExecutionSucceeded { output }
      ... on ExecutionFailed { error { code message line } }
    }
  }
}"""

CODE = """
for n in range(1, 4):
    print("step", n)
    progress(n, 3)
result = input_data["value"] * 2
"""


def main():
    started = query(START, {"input": {"code": CODE, "input": {"value": 21}}})["pythonRun"]
    for error in started["userErrors"]:
        sys.exit(f"{error['field']}: {error['message']}")
    for event in events(started["execution"]["id"]):
        if event["type"] == "NodeOutput":
            print(event["text"], end="")
        elif event["type"] == "NodeProgress":
            print(f"{event['current']:g} of {event['total']:g}")
        elif event["type"] == "ExecutionSucceeded":
            print("The result is", event["output"])
        elif event["type"] == "ExecutionFailed":
            sys.exit("{code} in line {line}: {message}".format(**event["error"]))


def query(text, variables):
    with post("/graphql", text, variables, "application/json") as response:
        return data_of(json.load(response))


def events(execution_id):
    """Every event of the execution, once and in order, to the last."""
    cursor = None
    while True:
        try:
            for result in subscribe(EVENTS, {"id": execution_id, "after": cursor}):
                batch = result["executionEvents"]
                yield from batch["events"]
                cursor = batch["endCursor"]
            return  # the server completes the subscription after the last event
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError):
            time.sleep(1)


def subscribe(text, variables):
    """The results of a subscription, over server-sent events."""
    with post("/graphql/stream", text, variables, "text/event-stream") as response:
        for line in response:
            if line.startswith(b"data:") and line[5:].strip():
                yield data_of(json.loads(line[5:]))
            elif line.startswith(b"event: complete"):
                return
    raise ConnectionError("the stream broke off")


def post(path, text, variables, accept):
    headers = {"content-type": "application/json", "accept": accept}
    if TOKEN:
        headers["authorization"] = f"Bearer {TOKEN}"
    body = json.dumps({"query": text, "variables": variables}).encode()
    try:
        return urllib.request.urlopen(urllib.request.Request(SERVER + path, body, headers))
    except urllib.error.HTTPError as error:
        sys.exit(f"HTTP {error.code}: {error.read().decode()}")


def data_of(answer):
    if "errors" in answer:
        sys.exit("\n".join(error["message"] for error in answer["errors"]))
    return answer["data"]


main()

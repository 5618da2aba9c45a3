"""The webhook of a year, behind `year.py`: it is dead for a week, and one of its events is lost and made again.

    year.py <folder> week <url> <host>               lets it be dead for a week of the functions' clock, and come back
    year.py <folder> cut <url> <host> <stack>        makes a change that `events` does not get, and puts it into the bucket
    year.py <folder> replayed <url> <host> <stack>   looks whether its event is there once, and removes the webhook
"""

import base64
import datetime
import http.server
import threading

# The functions' clock, each time when the next attempt is due and an hour has gone by; in the end a week.
CLOCK = ["2h", "5h", "8h", "11h", "17h", "31h", "58h", "72h", "167h"]


def put_forward(clock):
    """Puts the clock of every function forward, as only a local one lets itself be."""
    functions = boto3.client("lambda")
    for page in functions.get_paginator("list_functions").paginate():
        for each in page["Functions"]:
            variables = {**each["Environment"]["Variables"], "BAKEND_ENV": "local", "BAKEND_CLOCK_OFFSET": clock,
                         "BAKEND_EVENTS_ALLOW_PRIVATE_ADDRESSES": "true"}
            functions.update_function_configuration(FunctionName=each["FunctionName"], Environment={"Variables": variables})


class Receiver(http.server.BaseHTTPRequestHandler):
    """A receiver that has come back. It keeps the ids and the types of events."""

    got = {}

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert self.headers["webhook-signature"].startswith("v1,")
        self.got[self.headers["webhook-id"]] = body["type"]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def until(condition, seconds, reason):
    """Waits for a condition, and ends the rehearsal with the reason where it does not come."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            sys.exit(reason())
        time.sleep(1)
    return found


def week():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    address = f"http://127.0.0.1:{server.server_port}/hook"
    # Bound, and deaf: connections are refused as those of a dead machine are.
    server.socket.close()
    put_forward("1s")
    admin = token_of("admin@example.com")
    body = {"name": "dead", "url": address, "events": ["record.*"], "collections": ["posts"]}
    hook = expect(201, ask("POST", "/api/admin/webhooks", body, admin))["id"]
    posts = [expect(201, ask("POST", "/api/posts", {"title": f"Week {n}"}, admin))["id"] for n in range(7)]
    log = f"/api/admin/consumers/{hook}/deliveries"

    def deliveries(state=""):
        return expect(200, ask("GET", f"{log}?limit=100{state}", token=token_of("admin@example.com")))["items"]

    until(lambda: len(deliveries()) == len(posts), 120, lambda: f"{len(deliveries())} deliveries instead of {len(posts)}")
    worker = next(name for name in names() if name.endswith("-webhooks-deliver"))
    for clock in CLOCK:
        put_forward(clock)
        if clock == "72h":
            # Its user is there once in the week.
            renew()
        before = sum(each["attempts"] for each in deliveries())
        boto3.client("lambda").invoke(FunctionName=worker, Payload=json.dumps({"sweep": True}).encode())
        until(lambda: sum(each["attempts"] for each in deliveries()) > before or deliveries("&state=parked"), 120,
              lambda: f"Nothing was tried at {clock}: {deliveries()}")
    state = expect(200, ask("GET", f"/api/admin/webhooks/{hook}", token=token_of("admin@example.com")))
    print(f"After a week: {state['state']}, {state['failures']} failures, {len(deliveries())} deliveries.")
    assert state["state"] == "failing" and len(deliveries()) == len(posts), (state, deliveries())
    back = http.server.ThreadingHTTPServer(("127.0.0.1", server.server_port), Receiver)
    threading.Thread(target=back.serve_forever, daemon=True).start()
    # The first success, also of a test, ends the failing. Each delivery has a time of its own, which a redelivery does not wait for.
    expect(200, ask("POST", f"/api/admin/webhooks/{hook}/test", token=token_of("admin@example.com")))
    for each in deliveries():
        if each["state"] != "delivered":
            route = f"{log}/{each['eventId']}/redeliver"
            expect(202, ask("POST", route, token=token_of("admin@example.com")))
    until(lambda: list(Receiver.got.values()).count("record.created") == len(posts), 120,
          lambda: f"{Receiver.got}, but {deliveries()}")
    for post in posts:
        expect(204, ask("DELETE", f"/api/posts/{post}", token=token_of("admin@example.com")))
    until(lambda: list(Receiver.got.values()).count("record.deleted") == len(posts), 120, lambda: str(Receiver.got))
    save({**load(), "hook": hook})
    back.shutdown()


def unknown():
    """The events that the webhook has got since `cut`, by their ids. A replay may deliver one again."""
    state = load()
    route = f"/api/admin/consumers/{state['hook']}/deliveries?limit=100"
    items = expect(200, ask("GET", route, token=token_of("admin@example.com")))["items"]
    return {each["eventId"]: each["type"] for each in items if each["eventId"] not in state["known"]}


def mappings(stack):
    """The event source mappings by which `events` gets the changes of posts."""
    found = boto3.client("lambda").list_event_source_mappings(FunctionName=f"{stack}-events")["EventSourceMappings"]
    return [each for each in found if f":table/{stack}-posts/" in each["EventSourceArn"]]


def enable(stack, is_enabled):
    for mapping in mappings(stack):
        boto3.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=is_enabled)


def change_of(stream, post):
    """The change that made a post, as Lambda hands it to a function."""
    client = boto3.client("dynamodbstreams")
    shard = client.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][-1]["ShardId"]
    kind = {"ShardIteratorType": "TRIM_HORIZON"}
    at = client.get_shard_iterator(StreamArn=stream, ShardId=shard, **kind)["ShardIterator"]
    while page := client.get_records(ShardIterator=at)["Records"]:
        for record in page:
            if record["eventName"] == "INSERT" and record["dynamodb"]["NewImage"].get("id") == {"S": post}:
                return {**record, "eventSourceARN": stream}
        last = page[-1]["dynamodb"]["SequenceNumber"]
        kind = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}
        at = client.get_shard_iterator(StreamArn=stream, ShardId=shard, **kind)["ShardIterator"]
    sys.exit(f"No change of {stream} has made {post}.")


def plain(value):
    """A value of a change as it is in the JSON of Lambda."""
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    return base64.b64encode(value).decode()


def cut(stack):
    save({**load(), "known": []})
    save({**load(), "known": list(unknown())})
    enable(stack, False)
    post = expect(201, ask("POST", "/api/posts", {"title": "Lost"}, token_of("admin@example.com")))["id"]
    stream = mappings(stack)[0]["EventSourceArn"]
    payload = json.dumps({"Records": [change_of(stream, post)]}, default=plain)
    # By AWS Lambda's "Retain discarded batches": the destination in S3 gets the whole payload as a text.
    lost = {"version": "1.0", "requestContext": {"condition": "RetryAttemptsExhausted"}, "payload": payload}
    resource = boto3.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId="LostBucket")
    bucket, key = resource["StackResourceDetail"]["PhysicalResourceId"], "aws/lambda/lost/2026/11/30/batch"
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(lost))
    with open(os.path.join(folder, "lost.sh"), "w", encoding="utf-8") as file:
        file.write(f"BUCKET={bucket} OBJECT={key} STACK={stack}\n")
    # As many seconds as a mapping takes at most, where it has not stopped.
    time.sleep(5)
    assert not unknown(), f"A disabled mapping has passed a change on: {unknown()}"
    save({**load(), "post": post})


def replayed(stack):
    with open(os.path.join(folder, "reply.json"), encoding="utf-8") as file:
        assert json.load(file) == {"batchItemFailures": []}, "The replay failed."
    state, token = load(), token_of("admin@example.com")
    until(unknown, 60, lambda: "The event of the lost change did not come.")
    # The mapping goes on where it was, and the same change comes by it as well.
    enable(stack, True)
    later = expect(201, ask("POST", "/api/posts", {"title": "Not lost"}, token))["id"]
    until(lambda: len(unknown()) > 1, 120, lambda: "No event came after the mapping was enabled.")
    assert list(unknown().values()) == ["record.created"] * 2, unknown()
    for post in (state["post"], later):
        expect(204, ask("DELETE", f"/api/posts/{post}", token=token))
    expect(204, ask("DELETE", f"/api/admin/webhooks/{state['hook']}", token=token))
    print("A lost change has its event, under one id.")


STEPS |= {"week": week, "cut": lambda: cut(rest[2]), "replayed": lambda: replayed(rest[2])}

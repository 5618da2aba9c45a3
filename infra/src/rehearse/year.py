"""The people of `cargo rehearse --year`: who they are, and the questions that are asked after each step of the year.

    year.py <folder> files                    writes users.jsonl, products.jsonl and posts.jsonl, as urBackend exports them
    year.py <folder> settle <url> <host>      begins a session and makes an API key and an admin who will leave
    year.py <folder> try <url> <host> <collection> <status> <body>    makes a record, and expects the status
    year.py <folder> ask <url> <host>         asks the questions; the first answers are kept, later ones are compared
    year.py <folder> copy <table> <copy>      makes a copy of a table, in place of AWS's point in time
    year.py <folder> lose <url> <host> <table>    takes items out of the table, and sends requests until `enough` is there
    year.py <folder> kept <url> <host>        looks whether the table has what those requests have written, and removes it
    year.py <folder> left <url> <host>        looks whether the admin who left has no rights
    year.py <folder> front <url> <host>       looks whether the distribution in front alone is answered
    year.py <folder> removed <stack>          looks whether the stack is gone, and its tables are there
    year.py <folder> dropped <stack>          looks whether the table that was deleted by hand is gone

All of them keep what they know in `year.json` of the folder.
"""

import hashlib
import json
import os
import sys
import time

import boto3

USERS, PRODUCTS, POSTS = 1_000, 2_000, 8_000

# So many pages of posts are looked at: the emulator sorts a whole table for each.
PAGES = 10

# Every user's password, and its hash by another system.
PASSWORD = "a year long password"
HASH = "$2b$04$TqamREgTHWZXvx2f0o3Q1enQ7gjf/0Y8ytx/z2t78vlmMXQQBmHZS"

# Those who sign in after each step, and one who is disabled.
SIGNING_IN = [0, 1, 99, 250, 500, 777, 998, 999]
DISABLED = 500

folder, what, *rest = sys.argv[1:]
url, host = rest[:2] if rest and rest[0].startswith("http") else ("", "")
file_of_state = os.path.join(folder, "year.json")
file_of_secret = os.path.join(folder, "front")


def load():
    with open(file_of_state, encoding="utf-8") as file:
        return json.load(file)


def save(state):
    with open(file_of_state + ".new", "w", encoding="utf-8") as file:
        json.dump(state, file)
    os.replace(file_of_state + ".new", file_of_state)


def ask(method, route, body=None, token=None, headers=()):
    """Status and body of a request. Reading and signing in are tried again while the service is busy, as clients do."""
    headers = {**through_the_front(), **dict(headers)}
    answer, tries = send(method, route, body, token, headers), 0
    while answer[0] == 503 and tries < 5 and (method == "GET" or route == "/api/auth/login"):
        time.sleep(2**tries)
        answer, tries = send(method, route, body, token, headers), tries + 1
    return answer


def through_the_front():
    """The headers that the distribution adds to each request, once there is one."""
    if not os.path.exists(file_of_secret):
        return {}
    with open(file_of_secret, encoding="utf-8") as file:
        return {"x-bakend-front": file.read(), "x-bakend-source": "203.0.113.7"}


def email(number):
    return f"year-{number}@example.com"


def login(address, password=PASSWORD):
    return ask("POST", "/api/auth/login", {"email": address, "password": password})


def token_of(address):
    return expect(200, login(address))["accessToken"]


def old_id(kind, number):
    """An ObjectId of urBackend's MongoDB."""
    return f"{kind:08x}{number:016x}"


def day(number):
    return f"{2021 + number % 4}-{1 + number % 12:02}-{1 + number % 28:02}T12:{number % 60:02}:00.000Z"


def lines(name, rows):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def files():
    lines("users.jsonl", (
        {"_id": {"$oid": old_id(1, n)}, "email": email(n), "password": HASH, "createdAt": {"$date": day(n)},
         "username": f"year_{n}", "name": f"User {n}"} for n in range(USERS)))
    lines("products.jsonl", (
        {"_id": {"$oid": old_id(2, n)}, "name": f"Lamp {n:05}", "sku": f"YEAR-{n:05}", "price": n % 977 / 4, "stock": n % 40,
         "status": ("draft", "active", "retired")[n % 3], "tags": [f"t{n % 7}"], "createdAt": {"$date": day(n)}}
        for n in range(PRODUCTS)))
    lines("posts.jsonl", (
        {"_id": {"$oid": old_id(3, n)}, "title": f"Post {n}", "user_id": {"$oid": old_id(1, n % USERS)},
         "createdAt": {"$date": day(n)}} for n in range(POSTS)))
    save({})


def settle():
    state = load()
    registered = expect(201, ask("POST", "/api/auth/register", {"email": "admin@example.com", "password": PASSWORD}))
    admin = registered["accessToken"]
    state["session"] = expect(200, login(email(7)))["refreshToken"]
    body = {"name": "year", "type": "secret", "scopes": ["users:list"]}
    state["key"] = expect(201, ask("POST", "/api/admin/api-keys", body, admin))["key"]
    disabled = expect(200, ask("GET", f"/api/users?search={email(DISABLED)}", token=admin))["items"][0]
    expect(200, ask("PATCH", f"/api/users/{disabled['id']}", {"disabled": True}, admin))
    leaving = {"email": "leaving@example.com", "password": PASSWORD, "role": "admin"}
    expect(201, ask("POST", "/api/users", leaving, admin))
    body = {"name": "of who leaves", "type": "secret", "scopes": ["users:list"]}
    pair = expect(200, login("leaving@example.com"))
    key = expect(201, ask("POST", "/api/admin/api-keys", body, pair["accessToken"]))["key"]
    state["leaving"] = {"session": pair["refreshToken"], "key": key}
    save(state)


def all_of(collection, query, token=None, pages=1_000):
    """Every record of a list, page by page, or those of the first pages."""
    found, cursor = [], ""
    while cursor is not None and pages > 0:
        pages -= 1
        page = expect(200, ask("GET", f"/api/{collection}?limit=100{query}{cursor}", token=token))
        found += page["items"]
        cursor = page["nextCursor"] and f"&cursor={page['nextCursor']}"
    return found


def digest(records):
    """How many they are, and a hash of all that they hold, in their order."""
    text = json.dumps(records, sort_keys=True)
    return [len(records), hashlib.sha256(text.encode()).hexdigest()[:16]]


def code_of(body):
    """The code of a refusal."""
    return body.get("error", {}).get("code")


def answers(state):
    found = {}
    for number in SIGNING_IN:
        status, body = login(email(number))
        found[f"sign-in of {email(number)}"] = [status, code_of(body) or body["user"]["id"]]
    found["sign-in with another password"] = login(email(1), "not that password")[0]
    admin = token_of("admin@example.com")
    found["users by an admin"] = digest(sorted(
        (user["id"], user["email"], user["role"], user["disabled"]) for user in all_of("users", "", admin)
        if user["email"] and user["email"].startswith("year-")))
    found["products by price"] = digest(all_of("products", "&sort=price"))
    found["active products, newest first"] = digest(all_of("products", "&status=active&sort=-createdAt"))
    found["posts"] = digest(all_of("posts", "", pages=PAGES))
    mine = all_of("posts", f"&user_id={state['user']}", state["access"])
    found["posts of one user"] = digest(mine)
    for query in ("?status=draft", "?price_lte=20"):
        found[f"count {query}"] = expect(200, ask("GET", f"/api/products/count{query}"))
    taken = {"name": "Another", "sku": "YEAR-00001"}
    status, body = ask("POST", "/api/products", taken, admin)
    found["a taken sku"] = [status, code_of(body)]
    found["by API key"] = ask("GET", "/api/users?limit=1", headers={"x-api-key": state["key"]})[0]
    return found


def renew():
    """A session of the first day goes on through the whole year."""
    state = load()
    pair = expect(200, ask("POST", "/api/auth/refresh", {"refreshToken": state["session"]}))
    state["session"], state["access"] = pair["refreshToken"], pair["accessToken"]
    state["user"] = expect(200, ask("GET", "/api/auth/me", token=state["access"]))["id"]
    save(state)


def questions():
    renew()
    state = load()
    found = answers(state)
    if "answers" not in state:
        assert found["products by price"][0] == PRODUCTS and found["posts"][0] == 100 * PAGES, found
        assert found["users by an admin"][0] == USERS, found
        state["answers"] = found
        save(state)
    # As JSON has them.
    found = json.loads(json.dumps(found))
    other = [f"{name}: {found.get(name)} was {was}" for name, was in state["answers"].items() if found.get(name) != was]
    if other:
        sys.exit("Other answers than before:\n" + "\n".join(other))
    print(f"{len(found)} questions are answered as before.")


def attempt(collection, status, body):
    expect(int(status), ask("POST", f"/api/{collection}", json.loads(body), token_of("admin@example.com")))


def copy(table, name):
    dynamodb = boto3.client("dynamodb")
    dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=name, UseLatestRestorableTime=True)
    dynamodb.get_waiter("table_exists").wait(TableName=name)


def lose(table):
    """Takes every third item out by hand, then writes as users do until the recovery is over."""
    resource = boto3.resource("dynamodb").Table(table)
    keys = [each["AttributeName"] for each in resource.key_schema]
    page, lost = {}, 0
    while True:
        page = resource.scan(**({"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else {}))
        with resource.batch_writer() as batch:
            for item in page["Items"][::3]:
                batch.delete_item(Key={key: item[key] for key in keys})
                lost += 1
        if "LastEvaluatedKey" not in page:
            break
    print(f"{lost} items are lost.", flush=True)
    open(os.path.join(folder, "lost"), "w").close()
    admin, made, refused = token_of("admin@example.com"), [], 0
    while not os.path.exists(os.path.join(folder, "enough")):
        body = {"name": "meanwhile", "sku": f"NOW-{len(made):05}", "price": 1}
        made.append(expect(201, ask("POST", "/api/products", body, admin)))
        if len(made) % 3 == 0:
            changed = ask("PATCH", f"/api/products/{made[-1]['id']}", {"price": 2}, admin)
            made[-1] = expect(200, changed)
        # A list goes on meanwhile, with fewer records.
        refused += ask("GET", "/api/products?sort=price&limit=10")[0] != 200
        time.sleep(0.2)
    if refused:
        sys.exit(f"{refused} lists were refused while the table was brought back.")
    state = load()
    state["meanwhile"] = made
    save(state)
    print(f"{len(made)} records were made meanwhile.")


def kept():
    state = load()
    admin = token_of("admin@example.com")
    for record in state["meanwhile"]:
        present = expect(200, ask("GET", f"/api/products/{record['id']}"))
        assert present == record, f"{present} was {record}"
        status, body = ask("POST", "/api/products", {"name": "taken", "sku": record["sku"]}, admin)
        assert status == 409, (status, body)
        expect(204, ask("DELETE", f"/api/products/{record['id']}", token=admin))


def left():
    leaving = load()["leaving"]
    pair = expect(200, ask("POST", "/api/auth/refresh", {"refreshToken": leaving["session"]}))
    status, body = ask("GET", "/api/users?limit=1", token=pair["accessToken"])
    assert status == 403, (status, body)
    status, body = ask("GET", "/api/users?limit=1", headers={"x-api-key": leaving["key"]})
    assert status == 401, (status, body)


def front():
    assert through_the_front(), "The front has no secret."
    status, body = send("GET", "/api/products?limit=1")
    assert status == 404, (status, body)
    expect(200, ask("GET", "/api/products?limit=1"))


def names():
    pages = boto3.client("lambda").get_paginator("list_functions").paginate()
    return [each["FunctionName"] for page in pages for each in page["Functions"]]


def removed(stack):
    assert not [name for name in names() if name.startswith(f"{stack}-")], names()
    tables = boto3.client("dynamodb").list_tables()["TableNames"]
    kept = [name for name in tables if name.startswith(f"{stack}-")]
    assert {f"{stack}-_users", f"{stack}-products", f"{stack}-posts"} <= set(kept), kept
    count = boto3.client("dynamodb").scan(TableName=f"{stack}-posts", Select="COUNT")["Count"]
    assert count >= 1, count
    print(f"The stack is gone, and {len(kept)} tables are there.")


def dropped(stack):
    tables = boto3.client("dynamodb").list_tables()["TableNames"]
    assert f"{stack}-posts" not in tables and f"{stack}-products" in tables, tables


STEPS = {"files": files, "settle": settle, "ask": questions, "kept": kept, "left": left, "front": front,
         "dropped": lambda: dropped(*rest), "copy": lambda: copy(*rest), "try": lambda: attempt(*rest[2:]),
         "lose": lambda: lose(rest[2]), "removed": lambda: removed(*rest)}

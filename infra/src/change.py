"""Looks at a deployed `products` before and after its indexes change, for `cargo rehearse`.

    change.py before <url> <host> <file>     makes records, and keeps them in the file
    change.py after <url> <host> <file>      finds them as they were, and in the orders of the new indexes
"""

import json
import random
import sys

what, url, host, path = sys.argv[1:]


def all_of(query):
    """Every record of a list, page by page."""
    found, cursor = [], ""
    while cursor is not None:
        page = expect(200, send("GET", f"/api/products?limit=100&{query}{cursor}"))
        found += page["items"]
        cursor = page["nextCursor"] and f"&cursor={page['nextCursor']}"
    return found


def new_product(token):
    letters = "".join(random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=20))
    body = {"name": f"change {letters}", "sku": letters, "stock": random.randrange(20),
            "status": random.choice(["draft", "active"]), "price": random.randrange(1000) / 4}
    return expect(201, send("POST", "/api/products", body, token))


def in_order(records, key):
    """Sorted by the key, and where that is the same by id, and none twice."""
    order = [(key(record), record["id"]) for record in records]
    return order == sorted(set(order))


email = "change-%030x@example.com" % random.getrandbits(120)
user = expect(201, send("POST", "/api/auth/register", {"email": email, "password": "a long enough password"}))
token = user["accessToken"]
made = [new_product(token) for _ in range(30)]
if what == "before":
    expect(400, send("GET", "/api/products?sort=stock"))
    expect(200, send("GET", "/api/products?sort=name,-price"))
    with open(path, "w", encoding="utf-8") as file:
        json.dump(made, file)
    sys.exit()

with open(path, encoding="utf-8") as file:
    old = json.load(file)
for record in old:
    present = expect(200, send("GET", f"/api/products/{record['id']}"))
    assert present == record, f"{present} was {record}"
wanted = {record["id"] for record in old + made}
by_stock = all_of("sort=stock")
# A record of the suite may have no stock; absent comes first.
assert in_order(by_stock, lambda record: record.get("stock", float("-inf"))), "sort=stock is out of order"
assert wanted <= {record["id"] for record in by_stock}, "sort=stock lacks records"
active = all_of("status=active&sort=-stock")
assert in_order(active[::-1], lambda record: record.get("stock", float("-inf"))), "sort=-stock is out of order"
assert {record["id"] for record in old + made if record["status"] == "active"} <= {record["id"] for record in active}
assert len(all_of("sort=price")) == len(by_stock), "sort=price lacks records"
expect(400, send("GET", "/api/products?sort=name,-price"))
print(f"{len(old)} records are as they were, and {len(by_stock)} in the orders of two new indexes.")

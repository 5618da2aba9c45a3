"""Starts the emulator with one answer mended: `DescribeTable` tells numbers and truths of a template as texts.

No client of AWS reads those, such as the `cargo admin status` of an operator.
"""

import sys

from ministack import app
from ministack.services import dynamodb

described = dynamodb._table_description


def read(value):
    """A text of a template as the value that AWS makes of it."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if isinstance(value, str) and value.isdigit() else value


def description(name):
    table = described(name)
    table["DeletionProtectionEnabled"] = read(table["DeletionProtectionEnabled"])
    for index in [table, *table.get("GlobalSecondaryIndexes", [])]:
        throughput = index.get("OnDemandThroughput")
        if throughput:
            index["OnDemandThroughput"] = {name: read(value) for name, value in throughput.items()}
    return table


dynamodb._table_description = description
sys.exit(app.main())

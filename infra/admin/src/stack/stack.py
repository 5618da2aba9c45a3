"""What AWS knows of a stack, for `cargo admin`; run by SAM's Python, which brings boto3. Prints JSON.

    stack.py status <stack> <region>
    stack.py logs <stack> <region> <request id> <from, in milliseconds>
    stack.py usage <stack> <region> <days>
"""

import datetime
import json
import sys

import boto3
import botocore.exceptions

# CloudWatch answers so many queries in one request.
QUERIES = 500
# CloudWatch names so many alarms in one request.
ALARMS = 100
DAY = 86400


def resources(session, stack):
    """The physical names of the stack's resources, by type; each with its logical id."""
    found = {}
    pages = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    for page in pages:
        for each in page["StackResourceSummaries"]:
            if each.get("PhysicalResourceId"):
                names = found.setdefault(each["ResourceType"], {})
                names[each["PhysicalResourceId"]] = each["LogicalResourceId"]
    return found


def functions(session, names):
    """The stack's functions, as Lambda lists them."""
    found = []
    for page in session.client("lambda").get_paginator("list_functions").paginate():
        for each in page["Functions"]:
            if each["FunctionName"] in names:
                variables = each.get("Environment", {}).get("Variables", {})
                found.append(
                    {
                        "name": each["FunctionName"],
                        "modified": each["LastModified"],
                        "memory": each.get("MemorySize", 128),
                        "fingerprint": variables.get("BAKEND_FINGERPRINT", ""),
                    }
                )
    return found


def chunks(items, size):
    return [items[at : at + size] for at in range(0, len(items), size)]


def status(session, stack):
    described = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    found = resources(session, stack)
    names = found.get("AWS::CloudWatch::Alarm", {})
    alarms = []
    for some in chunks(list(names), ALARMS):
        for page in session.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNames=some):
            for each in page["MetricAlarms"]:
                alarms.append(
                    {
                        "name": names[each["AlarmName"]],
                        "state": each["StateValue"],
                        "since": each["StateUpdatedTimestamp"].isoformat() if "StateUpdatedTimestamp" in each else "",
                        "about": each.get("AlarmDescription", ""),
                    }
                )
    changed = described.get("LastUpdatedTime") or described["CreationTime"]
    return {
        "state": described["StackStatus"],
        "changed": changed.isoformat(),
        "functions": functions(session, found.get("AWS::Lambda::Function", {})),
        "alarms": alarms,
    }


def logs(session, stack, request, since):
    pages = session.client("logs").get_paginator("filter_log_events").paginate(
        logGroupName=f"/bakend/{stack}/functions", filterPattern=f'"{request}"', startTime=int(since)
    )
    events = [event for page in pages for event in page["events"]]
    events.sort(key=lambda event: event["timestamp"])
    return [{"at": each["timestamp"], "message": each["message"].rstrip("\n")} for each in events]


def sums(session, days, wanted):
    """The sum of each metric over the days: namespace, metric and dimensions, in their order."""
    end = datetime.datetime.now(datetime.timezone.utc)
    start = end - datetime.timedelta(days=days)
    cloudwatch = session.client("cloudwatch")
    totals = [0.0] * len(wanted)
    for first, some in enumerate(chunks(wanted, QUERIES)):
        queries = [
            {
                "Id": f"m{first * QUERIES + at}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace,
                        "MetricName": metric,
                        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
                    },
                    "Period": DAY,
                    "Stat": "Sum",
                },
            }
            for at, (namespace, metric, dimensions) in enumerate(some)
        ]
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=start, EndTime=end
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                totals[int(result["Id"][1:])] += sum(result["Values"])
    return totals


def usage(session, stack, days):
    found = resources(session, stack)
    dynamodb = session.client("dynamodb")
    wanted, owners = [], []
    for table in found.get("AWS::DynamoDB::Table", {}):
        described = dynamodb.describe_table(TableName=table)["Table"]
        places = [{"TableName": table}] + [
            {"TableName": table, "GlobalSecondaryIndexName": index["IndexName"]}
            for index in described.get("GlobalSecondaryIndexes", [])
        ]
        for place in places:
            for unit, metric in (("read", "ConsumedReadCapacityUnits"), ("write", "ConsumedWriteCapacityUnits")):
                wanted.append(("AWS/DynamoDB", metric, place))
                owners.append(("tables", table, unit))
    listed = functions(session, found.get("AWS::Lambda::Function", {}))
    for each in listed:
        for unit, metric in (("invocations", "Invocations"), ("milliseconds", "Duration")):
            wanted.append(("AWS/Lambda", metric, {"FunctionName": each["name"]}))
            owners.append(("functions", each["name"], unit))
    for api in found.get("AWS::ApiGatewayV2::Api", {}):
        wanted.append(("AWS/ApiGateway", "Count", {"ApiId": api}))
        owners.append(("total", "", "requests"))
    for group in found.get("AWS::Logs::LogGroup", {}):
        wanted.append(("AWS/Logs", "IncomingBytes", {"LogGroupName": group}))
        owners.append(("total", "", "log_bytes"))
    told = {"tables": {}, "functions": {each["name"]: {"memory": each["memory"]} for each in listed}, "total": {"": {}}}
    for (kind, name, unit), total in zip(owners, sums(session, days, wanted)):
        row = told[kind].setdefault(name, {})
        row[unit] = row.get(unit, 0.0) + total
    return {
        "tables": [dict(row, name=name) for name, row in told["tables"].items()],
        "functions": [dict(row, name=name) for name, row in told["functions"].items()],
        **told["total"][""],
    }


def main():
    what, stack, region, *more = sys.argv[1:]
    session = boto3.Session(region_name=region)
    if what == "logs":
        told = logs(session, stack, *more)
    elif what == "usage":
        told = usage(session, stack, int(more[0]))
    else:
        told = status(session, stack)
    json.dump(told, sys.stdout)


try:
    main()
except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as problem:
    sys.exit(f"AWS: {problem}")

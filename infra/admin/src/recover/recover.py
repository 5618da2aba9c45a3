"""The tables of a recovery, for `cargo admin recover`; run by SAM's Python, which brings boto3. Prints JSON.

    recover.py make <stack> <region> <table> <helper> <seconds>   makes the helper as the table was at that time, and waits
    recover.py settings <stack> <region> <table>                  sets what the stack's template says of the table
    recover.py remove <stack> <region> <helper>                   removes the helper
"""

import datetime
import json
import sys
import time

import boto3
import botocore.exceptions

# How often a table is looked at that is being made.
PAUSE = 10


def described(dynamodb, table):
    """The description of a table; `None` where there is none."""
    try:
        return dynamodb.describe_table(TableName=table)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        return None


def make(session, stack, table, helper, seconds):
    dynamodb = session.client("dynamodb")
    present = described(dynamodb, helper)
    # One that an earlier run has removed is gone soon, and is made anew then.
    while present is not None and present["TableStatus"] == "DELETING":
        time.sleep(PAUSE)
        present = described(dynamodb, helper)
    is_new = present is None
    if is_new:
        source = described(dynamodb, table) or {}
        # The copy reads items alone, so no index is paid for.
        without = {"GlobalSecondaryIndexOverride": []} if source.get("GlobalSecondaryIndexes") else {}
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=table,
            TargetTableName=helper,
            RestoreDateTime=datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc),
            BillingModeOverride="PAY_PER_REQUEST",
            **without,
        )
        present = described(dynamodb, helper)
    while present is None or present["TableStatus"] != "ACTIVE":
        state = "gone" if present is None else present["TableStatus"]
        if state != "CREATING":
            sys.exit(f"{helper} is {state} before it could be read: run this again")
        time.sleep(PAUSE)
        present = described(dynamodb, helper)
    return {"made": is_new}


def wanted(session, stack, table):
    """The properties of a table in the stack's template, with its parameters in their places."""
    cloudformation = session.client("cloudformation")
    body = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    resources = (json.loads(body) if isinstance(body, str) else body)["Resources"]
    stack_of = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack_of.get("Parameters", [])}
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for each in page["StackResourceSummaries"]:
            if each.get("PhysicalResourceId") == table:
                return resources[each["LogicalResourceId"]]["Properties"], parameters
    sys.exit(f"the stack {stack} has no table {table}")


def is_true(value, parameters):
    """A property that is true or false, or a parameter that says so."""
    if isinstance(value, dict):
        value = parameters.get(value.get("Ref"), "")
    return str(value).lower() == "true"


def settings(session, stack, table):
    dynamodb = session.client("dynamodb")
    properties, parameters = wanted(session, stack, table)
    changed, differs = [], []
    now = described(dynamodb, table) or {}
    lives = properties.get("TimeToLiveSpecification")
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if lives and ttl.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        name = lives["AttributeName"]
        dynamodb.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"AttributeName": name, "Enabled": True}
        )
        changed.append("TTL")
    if properties.get("PointInTimeRecoverySpecification"):
        backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        if backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] != "ENABLED":
            dynamodb.update_continuous_backups(
                TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
            changed.append("point-in-time recovery")
    protects = is_true(properties.get("DeletionProtectionEnabled", False), parameters)
    if protects and not now.get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
        changed.append("deletion protection")
    stream = (properties.get("StreamSpecification") or {}).get("StreamViewType")
    if stream != (now.get("StreamSpecification") or {}).get("StreamViewType"):
        # A new stream has another name, and CloudFormation alone gives it to the functions that read it.
        differs.append("the stream")
    return {"changed": changed, "differs": differs}


def remove(session, stack, helper):
    dynamodb = session.client("dynamodb")
    present = described(dynamodb, helper)
    # AWS refuses to remove one that is on its way out.
    if present is not None and present["TableStatus"] != "DELETING":
        dynamodb.delete_table(TableName=helper)
    return {"removed": True}


def main():
    what, stack, region, *more = sys.argv[1:]
    deeds = {"make": make, "settings": settings, "remove": remove}
    json.dump(deeds[what](boto3.Session(region_name=region), stack, *more), sys.stdout)


try:
    main()
except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as problem:
    sys.exit(f"AWS: {problem}")

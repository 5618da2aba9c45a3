"""What a stack has deployed, for `cargo ship --steps`; run by SAM's Python, which brings boto3.

    deployed.py tables [arguments of sam deploy]                  prints the tables of the stack's template as JSON
    deployed.py code [arguments of sam deploy]                    prints where the stack has the code of each function, as JSON
    deployed.py settled [arguments of sam deploy]                 waits until no index of them is being made or removed
    deployed.py run [arguments of sam deploy] -- program […]      runs a program with the credentials of sam deploy

Stack, region and profile are those that `sam deploy` would take: from its arguments, else from samconfig.toml.
"""

import argparse
import json
import os
import sys
import time

import boto3
import botocore.exceptions
import tomlkit

# A stack of one of these has no resources.
NOTHING = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_COMPLETE")


def settings(arguments):
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("--stack-name", "--region", "--profile"):
        parser.add_argument(name)
    parser.add_argument("--config-file", default="samconfig.toml")
    parser.add_argument("--config-env", default="default")
    given = parser.parse_known_args(arguments)[0]
    try:
        with open(given.config_file, encoding="utf-8") as file:
            chosen = tomlkit.parse(file.read()).get(given.config_env, {})
    except FileNotFoundError:
        chosen = {}
    config = {}
    for command in ("global", "deploy"):
        config.update(chosen.get(command, {}).get("parameters", {}))
    return {name: given.__dict__[name] or config.get(name) for name in ("stack_name", "region", "profile")}


def template(cloudformation, stack):
    """The stack's processed template; `None` while there is no stack."""
    try:
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        if status in NOTHING:
            return None
        body = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    except botocore.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return json.loads(body) if isinstance(body, str) else body


def tables(session, stack):
    """The tables by logical id, or `None`."""
    cloudformation = session.client("cloudformation")
    present = template(cloudformation, stack)
    if present is None:
        return None
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    physical = {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for page in pages
        for each in page["StackResourceSummaries"]
        if each["ResourceType"] == "AWS::DynamoDB::Table"
    }
    found = {}
    for name, resource in present["Resources"].items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            properties = resource["Properties"]
            found[name] = {
                "name": physical[name],
                "metadata": resource.get("Metadata", {}),
                "key": properties["KeySchema"],
                "attributes": properties["AttributeDefinitions"],
                "indexes": properties.get("GlobalSecondaryIndexes", []),
            }
    return found


def code(session, stack):
    """The addresses in S3 of the functions' code, by logical id."""
    present = template(session.client("cloudformation"), stack) or {"Resources": {}}
    found = {}
    for name, resource in present["Resources"].items():
        properties = resource.get("Properties", {})
        given = properties.get("CodeUri") or properties.get("Code") or {}
        if isinstance(given, dict):
            bucket, key = given.get("S3Bucket"), given.get("S3Key")
            given = f"s3://{bucket}/{key}" if bucket and key else ""
        if resource["Type"].endswith("::Function") and given.startswith("s3://"):
            found[name] = given
    return found


def settle(session, stack):
    dynamodb = session.client("dynamodb")
    for table in (tables(session, stack) or {}).values():
        said = False
        while True:
            description = dynamodb.describe_table(TableName=table["name"])["Table"]
            busy = [
                f"{index['IndexName']} is {index['IndexStatus']}"
                for index in description.get("GlobalSecondaryIndexes", [])
                if index.get("IndexStatus", "ACTIVE") != "ACTIVE"
            ]
            if description["TableStatus"] == "ACTIVE" and not busy:
                break
            if not said:
                print(f"Waiting for {table['name']}: {', '.join(busy) or description['TableStatus']}", file=sys.stderr)
                said = True
            time.sleep(5)


def run(session, program):
    """Replaces this process by the program, with credentials and region in its environment."""
    credentials = session.get_credentials()
    if credentials is None:
        sys.exit("There are no AWS credentials: configure a profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    frozen = credentials.get_frozen_credentials()
    environment = dict(os.environ, AWS_ACCESS_KEY_ID=frozen.access_key, AWS_SECRET_ACCESS_KEY=frozen.secret_key)
    environment.pop("AWS_SESSION_TOKEN", None)
    if frozen.token:
        environment["AWS_SESSION_TOKEN"] = frozen.token
    environment["AWS_REGION"] = session.region_name or ""
    os.execvpe(program[0], program, environment)


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    program = []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, program = arguments[:at], arguments[at + 1 :]
    chosen = settings(arguments)
    session = boto3.Session(region_name=chosen["region"], profile_name=chosen["profile"])
    if what == "run":
        run(session, program)
    stack = chosen["stack_name"]
    if not stack:
        sys.exit("Which stack? Say --stack, or stack_name in samconfig.toml.")
    if what == "settled":
        settle(session, stack)
    elif what == "code":
        print(json.dumps(code(session, stack)))
    else:
        print(json.dumps({"stack": stack, "tables": tables(session, stack)}))


try:
    main()
except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as problem:
    sys.exit(f"AWS: {problem}")

"""Makes the routes of a deployed HTTP API and lets its origins in, for an emulator that imports neither from the API's
OpenAPI body.

Reads the processed template, so that the routes are those that SAM made of template.yaml. Asks of each whether its role
may invoke its function, since the emulator enforces no policy. Prints the API's id.
"""

import fnmatch
import json
import re
import sys

import boto3

stack = sys.argv[1]
cloudformation = boto3.client("cloudformation")
gateway = boto3.client("apigatewayv2")
iam = boto3.client("iam")
functions = boto3.client("lambda")


def physical_id(logical_id):
    resource = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
    return resource["StackResourceDetail"]["PhysicalResourceId"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def invokes(role):
    """The ARNs, with stars, of what an inline policy of the role lets it invoke."""
    found = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        for statement in as_list(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]):
            if statement["Effect"] == "Allow" and "lambda:InvokeFunction" in as_list(statement["Action"]):
                found += as_list(statement["Resource"])
    return found


template = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
if isinstance(template, str):
    template = json.loads(template)
logical_id, api = next(
    (name, resource) for name, resource in template["Resources"].items() if resource["Type"] == "AWS::ApiGatewayV2::Api"
)
api_id = physical_id(logical_id)
body = api["Properties"]["Body"]
present = {route["RouteKey"] for route in gateway.get_routes(ApiId=api_id)["Items"]}
integrations, roles = {}, {}
for path, methods in body["paths"].items():
    for method, operation in methods.items():
        key = "$default" if path.endswith("$default") else f"{method.upper()} {path}"
        integration = operation["x-amazon-apigateway-integration"]
        function = re.search(r"\$\{(\w+)\.Arn\}", json.dumps(integration["uri"])).group(1)
        role = integration["credentials"]["Fn::GetAtt"][0]
        if key in present:
            continue
        if role not in roles:
            name = physical_id(role)
            roles[role] = iam.get_role(RoleName=name)["Role"]["Arn"], invokes(name)
        role_arn, invocable = roles[role]
        if function not in integrations:
            arn = functions.get_function(FunctionName=physical_id(function))["Configuration"]["FunctionArn"]
            if not any(fnmatch.fnmatchcase(arn, pattern) for pattern in invocable):
                sys.exit(f"{role} may not invoke {arn}, but {invocable}")
            integrations[function] = gateway.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=arn,
                PayloadFormatVersion=integration["payloadFormatVersion"],
                CredentialsArn=role_arn,
            )["IntegrationId"]
        gateway.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{integrations[function]}")
        print(f"{key} -> {function}", file=sys.stderr)
parameters = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
origins = next(each["ParameterValue"] for each in parameters if each["ParameterKey"] == "AllowedOrigins")
_, explicit, any_origin = body["x-amazon-apigateway-cors"]["Fn::If"]
cors = any_origin if origins == "*" else {**explicit, "allowOrigins": origins.split(",")}
gateway.update_api(ApiId=api_id, CorsConfiguration={key[0].upper() + key[1:]: value for key, value in cors.items()})
print(api_id)

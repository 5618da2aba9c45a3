"""Makes the routes of a deployed HTTP API and lets its origins in, for an emulator that imports neither from the API's
OpenAPI body.

Reads the processed template, so that the routes are those that SAM made of template.yaml. Prints the API's id.
"""

import json
import re
import sys

import boto3

stack = sys.argv[1]
cloudformation = boto3.client("cloudformation")
gateway = boto3.client("apigatewayv2")


def physical_id(logical_id):
    resource = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
    return resource["StackResourceDetail"]["PhysicalResourceId"]


template = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
if isinstance(template, str):
    template = json.loads(template)
logical_id, api = next(
    (name, resource) for name, resource in template["Resources"].items() if resource["Type"] == "AWS::ApiGatewayV2::Api"
)
api_id = physical_id(logical_id)
body = api["Properties"]["Body"]
present = {route["RouteKey"] for route in gateway.get_routes(ApiId=api_id)["Items"]}
integrations = {}
for path, methods in body["paths"].items():
    for method, operation in methods.items():
        key = "$default" if path.endswith("$default") else f"{method.upper()} {path}"
        uri = json.dumps(operation["x-amazon-apigateway-integration"]["uri"])
        function = re.search(r"\$\{(\w+)\.Arn\}", uri).group(1)
        if key in present:
            continue
        if function not in integrations:
            arn = boto3.client("lambda").get_function(FunctionName=physical_id(function))
            integrations[function] = gateway.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=arn["Configuration"]["FunctionArn"],
                PayloadFormatVersion="2.0",
            )["IntegrationId"]
        gateway.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{integrations[function]}")
        print(f"{key} -> {function}", file=sys.stderr)
parameters = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
origins = next(each["ParameterValue"] for each in parameters if each["ParameterKey"] == "AllowedOrigins")
_, explicit, any_origin = body["x-amazon-apigateway-cors"]["Fn::If"]
cors = any_origin if origins == "*" else {**explicit, "allowOrigins": origins.split(",")}
gateway.update_api(ApiId=api_id, CorsConfiguration={key[0].upper() + key[1:]: value for key, value in cors.items()})
print(api_id)

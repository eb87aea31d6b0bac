"""Local files that a template names and that are not packaged: refused, with the line.

CloudFormation would take the path for a key of some bucket and fail minutes later; SAM would fail at its translation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pingbox.deploy.artifacts.raw_template import as_map, is_local, resources_of
from pingbox.deploy.errors import DeployRefusedError
from pingbox.templates.document import Document, KeyPath

_FILES = {
    "AWS::Serverless::Api": ("DefinitionUri",),
    "AWS::Serverless::HttpApi": ("DefinitionUri",),
    "AWS::Serverless::StateMachine": ("DefinitionUri",),
    "AWS::Serverless::GraphQLApi": ("SchemaUri",),
    "AWS::StepFunctions::StateMachine": ("DefinitionS3Location", "DefinitionUri"),
    "AWS::ApiGateway::RestApi": ("BodyS3Location",),
    "AWS::ApiGatewayV2::Api": ("BodyS3Location",),
    "AWS::AppSync::GraphQLSchema": ("DefinitionS3Location",),
    "AWS::AppSync::Resolver": (
        "CodeS3Location",
        "RequestMappingTemplateS3Location",
        "ResponseMappingTemplateS3Location",
    ),
    "AWS::AppSync::FunctionConfiguration": (
        "CodeS3Location",
        "RequestMappingTemplateS3Location",
        "ResponseMappingTemplateS3Location",
    ),
    "AWS::ElasticBeanstalk::ApplicationVersion": ("SourceBundle",),
    "AWS::CloudFormation::ModuleVersion": ("ModulePackage",),
    "AWS::CloudFormation::ResourceVersion": ("SchemaHandlerPackage",),
}
"""Type -> the properties that `aws cloudformation package` uploads a file for."""

_INSTEAD = {
    "DefinitionUri": "write it into the template (Definition, DefinitionString or DefinitionBody)",
    "DefinitionS3Location": "write it into the template (Definition or DefinitionString)",
    "BodyS3Location": "write it into the template (Body)",
}
_FUNCTIONS = ("AWS::Lambda::Function", "AWS::Serverless::Function")


def refuse_unpackaged(document: Document) -> None:
    """`DeployRefusedError` for the first local file that would not be uploaded, and for images that nobody builds."""
    for path, value, instead in (*_files(document), *_images(document), *_includes(document.root, ())):
        what = ".".join(str(part) for part in path if part not in ("Resources", "Properties"))
        raise DeployRefusedError(
            f"{document.place(path)}: {what}", f"{value} is not packaged", "what lies in S3", instead
        )


def _files(document: Document) -> Iterator[tuple[KeyPath, str, str]]:
    for logical_id, resource in resources_of(document):
        properties = as_map(resource.get("Properties"))
        for name in _FILES.get(str(resource.get("Type")), ()):
            value = properties.get(name)
            if is_local(value):
                step = _INSTEAD.get(name, "upload it, and name it as s3://BUCKET/KEY")
                yield ("Resources", logical_id, "Properties", name), value, step


def _images(document: Document) -> Iterator[tuple[KeyPath, str, str]]:
    """Container images have to be built and pushed before."""
    shared = as_map(as_map(as_map(document.root).get("Globals")).get("Function")).get("PackageType")
    for logical_id, resource in resources_of(document):
        if resource.get("Type") not in _FUNCTIONS:
            continue
        properties = as_map(resource.get("Properties"))
        code = properties.get("Code")
        image = properties.get("ImageUri") or as_map(code).get("ImageUri")
        wanted = (properties.get("PackageType") or shared) == "Image" or image is not None
        pushed = image is not None and not (isinstance(image, str) and ".dkr.ecr." not in image)
        if wanted and not pushed:
            step = "push it to ECR (`sam build` and `sam package` do), and name it in ImageUri"
            yield ("Resources", logical_id), "a container image", step


def _includes(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str, str]]:
    """`AWS::Include` of a local file, anywhere in the template."""
    members: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, Mapping):
        transform = value.get("Fn::Transform")
        location = as_map(as_map(transform).get("Parameters")).get("Location")
        if is_local(location):
            yield (*path, "Fn::Transform"), location, "write the included part into the template"
        members = iter(value.items())
    elif isinstance(value, list):
        members = iter(enumerate(value))
    for key, member in members:
        yield from _includes(member, (*path, key))

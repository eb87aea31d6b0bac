"""Which resource types hold something that cannot be made again. Pure.

Three tables: types whose loss loses data, types whose loss loses an identity that others know (an address, a key, an
id), and types that hold nothing: CloudFormation makes them again from the template. A type in none of the tables is
treated as one that may hold data.
"""

from __future__ import annotations

HOLDS_DATA: dict[str, str] = {
    "AWS::Backup::BackupVault": "its recovery points",
    "AWS::Cassandra::Keyspace": "its tables",
    "AWS::Cassandra::Table": "its rows",
    "AWS::CloudFormation::Stack": "whatever the nested stack holds",
    "AWS::CodeArtifact::Domain": "its packages",
    "AWS::CodeArtifact::Repository": "its packages",
    "AWS::CodeCommit::Repository": "its commits",
    "AWS::Cognito::IdentityPool": "its identities",
    "AWS::Cognito::UserPool": "its users",
    "AWS::Cognito::UserPoolUser": "a user's password and attributes",
    "AWS::DSQL::Cluster": "its rows",
    "AWS::DocDB::DBCluster": "its documents",
    "AWS::DocDB::DBInstance": "its documents",
    "AWS::DynamoDB::GlobalTable": "its items",
    "AWS::DynamoDB::Table": "its items",
    "AWS::EC2::Instance": "its local disks",
    "AWS::EC2::Volume": "its blocks",
    "AWS::ECR::PublicRepository": "its images",
    "AWS::ECR::Repository": "its images",
    "AWS::EFS::FileSystem": "its files",
    "AWS::ElastiCache::CacheCluster": "its entries",
    "AWS::ElastiCache::ReplicationGroup": "its entries",
    "AWS::ElastiCache::ServerlessCache": "its entries",
    "AWS::Elasticsearch::Domain": "its documents",
    "AWS::Events::Archive": "its events",
    "AWS::FSx::FileSystem": "its files",
    "AWS::FSx::Volume": "its files",
    "AWS::Glue::Database": "its tables",
    "AWS::Kinesis::Stream": "its records",
    "AWS::KinesisFirehose::DeliveryStream": "records that were not delivered",
    "AWS::KMS::Key": "everything that is encrypted with it",
    "AWS::KMS::ReplicaKey": "everything that is encrypted with it",
    "AWS::Lightsail::Database": "its rows",
    "AWS::Logs::LogGroup": "its log lines",
    "AWS::Logs::LogStream": "its log lines",
    "AWS::MSK::Cluster": "its records",
    "AWS::MSK::ServerlessCluster": "its records",
    "AWS::MemoryDB::Cluster": "its entries",
    "AWS::Neptune::DBCluster": "its graph",
    "AWS::Neptune::DBInstance": "its graph",
    "AWS::OpenSearchServerless::Collection": "its documents",
    "AWS::OpenSearchService::Domain": "its documents",
    "AWS::QLDB::Ledger": "its documents",
    "AWS::RDS::DBCluster": "its rows",
    "AWS::RDS::DBInstance": "its rows",
    "AWS::RDS::GlobalCluster": "its rows",
    "AWS::Redshift::Cluster": "its rows",
    "AWS::RedshiftServerless::Namespace": "its rows",
    "AWS::Route53::HostedZone": "its records and name servers",
    "AWS::S3::Bucket": "its objects",
    "AWS::S3Express::DirectoryBucket": "its objects",
    "AWS::S3Tables::Table": "its rows",
    "AWS::S3Tables::TableBucket": "its tables",
    "AWS::S3Vectors::VectorBucket": "its vectors",
    "AWS::SDB::Domain": "its items",
    "AWS::SQS::Queue": "its messages",
    "AWS::SSM::Parameter": "its value and versions",
    "AWS::SecretsManager::Secret": "its value",
    "AWS::Serverless::Application": "whatever the nested stack holds",
    "AWS::Serverless::SimpleTable": "its items",
    "AWS::StepFunctions::Activity": "its waiting tasks",
    "AWS::StepFunctions::StateMachine": "its running executions and their history",
    "AWS::Timestream::Database": "its tables",
    "AWS::Timestream::Table": "its rows",
}
"""Type -> what is lost with it."""

HOLDS_IDENTITY: dict[str, str] = {
    "AWS::ApiGateway::ApiKey": "the key that clients send",
    "AWS::ApiGateway::DomainName": "the name that clients connect to",
    "AWS::ApiGateway::RestApi": "the address that clients use",
    "AWS::ApiGatewayV2::Api": "the address that clients connect to",
    "AWS::ApiGatewayV2::DomainName": "the name that clients connect to",
    "AWS::AppSync::ApiKey": "the key that clients send",
    "AWS::AppSync::GraphQLApi": "the address that clients use",
    "AWS::CertificateManager::Certificate": "a certificate that others may use",
    "AWS::CloudFront::Distribution": "the domain name of the page",
    "AWS::CloudFront::PublicKey": "the key of signed addresses",
    "AWS::Cognito::UserPoolClient": "the client id that apps hold",
    "AWS::Cognito::UserPoolDomain": "the address of the sign-in page",
    "AWS::EC2::EIP": "its address",
    "AWS::EC2::KeyPair": "the private key",
    "AWS::ElasticLoadBalancing::LoadBalancer": "its host name",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "its host name",
    "AWS::Events::Connection": "its credentials",
    "AWS::Events::EventBus": "the ARN that senders use",
    "AWS::IAM::AccessKey": "the secret key",
    "AWS::IAM::OIDCProvider": "the ARN that roles trust",
    "AWS::IAM::SAMLProvider": "the ARN that roles trust",
    "AWS::IAM::User": "the user with its credentials",
    "AWS::IoT::Certificate": "the certificate that devices hold",
    "AWS::IoT::Thing": "the thing that a device is known as",
    "AWS::KMS::Alias": "the name that others use for a key",
    "AWS::Lambda::Url": "the address that clients use",
    "AWS::SNS::Subscription": "a subscription that was confirmed by its receiver",
    "AWS::SNS::Topic": "its ARN and its confirmed subscriptions",
    "AWS::Serverless::Api": "the address that clients use",
    "AWS::Serverless::HttpApi": "the address that clients use",
    "AWS::ServiceDiscovery::PrivateDnsNamespace": "its names",
    "AWS::ServiceDiscovery::PublicDnsNamespace": "its names",
    "AWS::WAFv2::IPSet": "addresses that were added by hand",
}
"""Type -> what others know it by."""

_NOTHING: dict[str, str] = {
    "ApiGateway": (
        "Account Authorizer BasePathMapping Deployment GatewayResponse Method Model RequestValidator Resource "
        "Stage UsagePlan UsagePlanKey VpcLink"
    ),
    "ApiGatewayV2": (
        "ApiMapping Authorizer Deployment Integration IntegrationResponse Model Route RouteResponse Stage VpcLink"
    ),
    "AppSync": "DataSource FunctionConfiguration GraphQLSchema Resolver",
    "ApplicationAutoScaling": "ScalableTarget ScalingPolicy",
    "Backup": "BackupPlan BackupSelection",
    "Budgets": "Budget",
    "CloudFormation": "WaitCondition WaitConditionHandle",
    "CloudFront": (
        "CachePolicy CloudFrontOriginAccessIdentity Function OriginAccessControl OriginRequestPolicy "
        "ResponseHeadersPolicy"
    ),
    "CloudWatch": "Alarm CompositeAlarm Dashboard",
    "CodeDeploy": "Application DeploymentConfig DeploymentGroup",
    "Cognito": (
        "IdentityPoolRoleAttachment UserPoolGroup UserPoolIdentityProvider UserPoolResourceServer "
        "UserPoolUserToGroupAttachment"
    ),
    "EC2": (
        "InternetGateway NatGateway NetworkAcl NetworkAclEntry Route RouteTable SecurityGroup SecurityGroupEgress "
        "SecurityGroupIngress Subnet SubnetNetworkAclAssociation SubnetRouteTableAssociation VPC VPCEndpoint "
        "VPCGatewayAttachment"
    ),
    "ECS": "Cluster Service TaskDefinition",
    "EFS": "AccessPoint MountTarget",
    "ElastiCache": "ParameterGroup SubnetGroup",
    "ElasticLoadBalancingV2": "Listener ListenerRule TargetGroup",
    "Events": "EventBusPolicy Rule",
    "IAM": "Group InstanceProfile ManagedPolicy Policy Role RolePolicy UserToGroupAddition",
    "Kinesis": "StreamConsumer",
    "Lambda": (
        "Alias CodeSigningConfig EventInvokeConfig EventSourceMapping Function LayerVersion "
        "LayerVersionPermission Permission Version"
    ),
    "Logs": (
        "Delivery DeliveryDestination DeliverySource MetricFilter QueryDefinition ResourcePolicy SubscriptionFilter"
    ),
    "Pipes": "Pipe",
    "RDS": "DBClusterParameterGroup DBParameterGroup DBProxy DBProxyTargetGroup DBSubnetGroup",
    "Route53": "RecordSet RecordSetGroup",
    "S3": "BucketPolicy",
    "SNS": "TopicPolicy",
    "SQS": "QueueInlinePolicy QueuePolicy",
    "Scheduler": "Schedule ScheduleGroup",
    "SecretsManager": "ResourcePolicy RotationSchedule SecretTargetAttachment",
    "Serverless": "Function LayerVersion",
    "WAFv2": "WebACL WebACLAssociation",
    "XRay": "Group SamplingRule",
}
HOLDS_NOTHING = frozenset(f"AWS::{service}::{name}" for service, names in _NOTHING.items() for name in names.split())
"""What CloudFormation makes again from the template."""

NESTED_STACKS = frozenset({"AWS::CloudFormation::Stack", "AWS::Serverless::Application"})
UNKNOWN = "it is unknown whether it holds data"


def loss(type_name: str) -> str | None:
    """What is lost when a resource of this type is removed or replaced; None if nothing is."""
    if type_name in HOLDS_NOTHING:
        return None
    return HOLDS_DATA.get(type_name) or HOLDS_IDENTITY.get(type_name) or UNKNOWN


def holds_data(type_name: str) -> bool:
    """Whether `--keep-data` keeps it: what holds data, and what is not known to hold none."""
    return type_name not in HOLDS_NOTHING and type_name not in HOLDS_IDENTITY

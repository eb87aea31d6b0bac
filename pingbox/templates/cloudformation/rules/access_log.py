"""The `$context` variables that the access log of a WebSocket API knows.

Source: API Gateway's developer guide, "Configure logging for WebSocket APIs". `$context.authorizer.NAME` stands for
whatever an authorizer put into its context.
"""

from __future__ import annotations

_NAMES = """
apiId authenticate.error authenticate.latency authenticate.status authorize.error authorize.latency authorize.status
authorizer.error authorizer.integrationLatency authorizer.integrationStatus authorizer.latency
authorizer.principalId authorizer.requestId authorizer.status awsEndpointRequestId awsEndpointRequestId2 connectedAt
connectionId customDomain.basePathMatched disconnectReason disconnectStatusCode domainName domainPrefix
error.message error.messageString error.responseType error.validationErrorString eventType extendedRequestId
identity.accountId identity.apiKey identity.apiKeyId identity.caller identity.clientCert.clientCertPem
identity.clientCert.issuerDN identity.clientCert.serialNumber identity.clientCert.subjectDN
identity.clientCert.validity.notAfter identity.clientCert.validity.notBefore identity.cognitoAuthenticationProvider
identity.cognitoAuthenticationType identity.cognitoIdentityId identity.cognitoIdentityPoolId identity.principalOrgId
identity.sourceIp identity.user identity.userAgent identity.userArn integration.error integration.integrationStatus
integration.latency integration.requestId integration.status integrationErrorMessage integrationLatency
integrationStatus messageDirection messageId path protocol requestId requestTime requestTimeEpoch responseLatency
responseLength routeKey stage status waf.error waf.latency waf.status wafResponseCode webaclArn xrayTraceId
"""
VARIABLES = frozenset(_NAMES.split())

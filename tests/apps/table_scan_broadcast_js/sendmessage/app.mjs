import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";

const ddb = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const TableName = process.env.TABLE_NAME;

export const handler = async (event) => {
  const { domainName, stage } = event.requestContext;
  const api = new ApiGatewayManagementApiClient({ endpoint: `https://${domainName}/${stage}` });
  const { Items } = await ddb.send(new ScanCommand({ TableName, ProjectionExpression: "connectionId" }));
  const Data = JSON.parse(event.body).data;

  await Promise.all(Items.map(async ({ connectionId }) => {
    try {
      await api.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data }));
    } catch (e) {
      if (e.$metadata?.httpStatusCode !== 410) throw e;
      await ddb.send(new DeleteCommand({ TableName, Key: { connectionId } }));
    }
  }));
  return { statusCode: 200, body: "Data sent." };
};

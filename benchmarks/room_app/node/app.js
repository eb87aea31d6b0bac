// The same room for Node: the SDK is the runtime's own.
const { DynamoDBClient, PutItemCommand, DeleteItemCommand, ScanCommand } = require("@aws-sdk/client-dynamodb");
const { ApiGatewayManagementApiClient, PostToConnectionCommand } = require("@aws-sdk/client-apigatewaymanagementapi");

const dynamodb = new DynamoDBClient({});
const TableName = process.env.TABLE;
const clients = new Map();
const key = (id) => ({ connectionId: { S: id } });

exports.connect = async (event) => {
  await dynamodb.send(new PutItemCommand({ TableName, Item: key(event.requestContext.connectionId) }));
  return { statusCode: 200 };
};

exports.disconnect = async (event) => {
  await dynamodb.send(new DeleteItemCommand({ TableName, Key: key(event.requestContext.connectionId) }));
  return { statusCode: 200 };
};

exports.send = async (event) => {
  const { domainName, stage, connectionId } = event.requestContext;
  const endpoint = `https://${domainName}/${stage}`;
  if (!clients.has(endpoint)) clients.set(endpoint, new ApiGatewayManagementApiClient({ endpoint }));
  const api = clients.get(endpoint);
  const Data = JSON.stringify({ text: JSON.parse(event.body).text });
  const { Items } = await dynamodb.send(new ScanCommand({ TableName, ProjectionExpression: "connectionId" }));
  const ids = Items.map((item) => item.connectionId.S).filter((id) => id !== connectionId);
  await Promise.all(
    [connectionId, ...ids].map(async (id) => {
      try {
        await api.send(new PostToConnectionCommand({ ConnectionId: id, Data }));
      } catch (error) {
        if (error.name !== "GoneException") throw error;
        await dynamodb.send(new DeleteItemCommand({ TableName, Key: key(id) }));
      }
    }),
  );
  return { statusCode: 200 };
};

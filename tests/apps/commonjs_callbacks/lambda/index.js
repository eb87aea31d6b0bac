var AWS = require('aws-sdk');
var DDB = new AWS.DynamoDB({ apiVersion: '2012-10-08' });

exports.handler = function (event, context, callback) {
  var id = event.requestContext.connectionId;
  var key = { connectionId: { S: id } };
  var table = process.env.TABLE_NAME;
  var done = function (err) {
    callback(null, { statusCode: err ? 500 : 200, body: err ? JSON.stringify(err) : 'ok' });
  };

  switch (event.requestContext.eventType) {
    case 'CONNECT':
      return DDB.putItem({ TableName: table, Item: key }, done);
    case 'DISCONNECT':
      return DDB.deleteItem({ TableName: table, Key: key }, done);
  }

  var api = new AWS.ApiGatewayManagementApi({
    apiVersion: '2018-11-29',
    endpoint: event.requestContext.domainName + '/' + event.requestContext.stage,
  });
  DDB.scan({ TableName: table, ProjectionExpression: 'connectionId' }, function (err, found) {
    if (err) { return done(err); }
    Promise.all(found.Items.map(function (item) {
      return api.postToConnection({ ConnectionId: item.connectionId.S, Data: event.body }).promise()
        .catch(function (e) { if (e.statusCode !== 410) { throw e; } });
    })).then(function () { done(); }, done);
  });
};

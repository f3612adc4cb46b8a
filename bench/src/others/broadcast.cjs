// The package `ws`, sending every message on to everybody: what its own documentation shows as a broadcast.
const { WebSocketServer, WebSocket } = require('ws');
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[1]), backlog: 4096 });
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data) => {
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(data, { binary: false });
    }
  });
});

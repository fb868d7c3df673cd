// Photos on PORT, without any telemetry: a service of somebody else.
const http = require('node:http');

http
  .createServer((request, answer) => {
    const photo = Number(new URL(request.url, 'http://photos').pathname.split('/')[2]);
    answer.statusCode = photo < 7 ? 200 : 404;
    setTimeout(() => answer.end(Buffer.alloc(photo < 7 ? 2000 * photo : 0)), 3);
  })
  .listen(Number(process.env.PORT), '127.0.0.1');

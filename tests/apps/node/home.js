// A home page on PORT made of six parts, all asked for at once from the service on PARTS_PORT; or that service, if there
// is no PARTS_PORT.
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici');

const provider = require('./telemetry.js')(new HttpInstrumentation(), new UndiciInstrumentation());
const http = require('node:http');
const parts = ['user', 'basket', 'offers', 'news', 'reviews', 'stock'];
const from = process.env.PARTS_PORT;

async function page(search) {
  const answers = parts.map((part) => fetch(`http://127.0.0.1:${from}/parts/${part}${search}`));
  return Promise.all((await Promise.all(answers)).map((answer) => answer.json()));
}

async function part(name) {
  await new Promise((resolve) => setTimeout(resolve, 2 + 4 * parts.indexOf(name)));
  return { name };
}

const server = http.createServer(async (request, answer) => {
  const { pathname, search } = new URL(request.url, 'http://home');
  answer.end(JSON.stringify(await (from ? page(search) : part(pathname.split('/')[2]))));
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => {
  server.close(() => provider.shutdown());
  server.closeAllConnections();
});

// Albums on PORT, whose photos are on PHOTOS_PORT. The requests that come in are recorded by the HTTP instrumentation,
// the calls that go out by hand: as CLIENT spans, or as INTERNAL ones with CALLS=internal.
const { SpanKind, SpanStatusCode, context, propagation, trace } = require('@opentelemetry/api');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');

const provider = require('./telemetry.js')(new HttpInstrumentation());
const http = require('node:http');
const tracer = trace.getTracer('albums');
const kind = process.env.CALLS === 'internal' ? SpanKind.INTERNAL : SpanKind.CLIENT;

function call(url) {
  const attributes = {
    'http.request.method': 'GET',
    'url.full': url.href,
    'server.address': url.hostname,
    'server.port': Number(url.port),
  };
  return tracer.startActiveSpan('GET', { kind, attributes }, async (span) => {
    const headers = {};
    propagation.inject(context.active(), headers);
    const answer = await fetch(url, { headers });
    await answer.arrayBuffer();
    span.setAttribute('http.response.status_code', answer.status);
    if (!answer.ok) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
    return answer.ok;
  });
}

const server = http.createServer(async (request, answer) => {
  const { pathname, search } = new URL(request.url, 'http://albums');
  const first = Number(pathname.split('/')[2]);
  const found = [];
  for (const photo of [first, first + 1]) {
    found.push(await call(new URL(`http://127.0.0.1:${process.env.PHOTOS_PORT}/photos/${photo}${search}`)));
  }
  answer.statusCode = found.includes(true) ? 200 : 404;
  answer.end(JSON.stringify(found));
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => provider.shutdown()));

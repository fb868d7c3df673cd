const { NodeTracerProvider, SimpleSpanProcessor, ConsoleSpanExporter, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const resources = require('@opentelemetry/resources');
const api = require('@opentelemetry/api');
const attrs = { 'service.name': 'shop', 'service.version': '1.2.0', 'process.command_args': ['/usr/bin/node', 'app.js'] };
const resource = resources.resourceFromAttributes ? resources.resourceFromAttributes(attrs) : new resources.Resource(attrs);
const p = new SimpleSpanProcessor(new ConsoleSpanExporter());
let provider;
if (resources.resourceFromAttributes) provider = new NodeTracerProvider({ resource, spanProcessors: [p] });
else { provider = new NodeTracerProvider({ resource }); provider.addSpanProcessor(p); }
provider.register();
console.log('shop is listening on port 8080');
const t = api.trace.getTracer('shop.http', '0.1.0');
const cx = api.propagation.extract(api.context.active(), { traceparent: '00-7665db79fe37190cd760141ae821eb49-6d04c2831f31cdd8-01', tracestate: 'ot=th:8,b=c' });
api.context.with(cx, () => {
  t.startActiveSpan('GET /cart', { kind: api.SpanKind.SERVER, attributes: { 'http.request.method': 'GET', 'url.path': "/cart's", port: 8080, ratio: 0.5, ok: true, tags: ['a', 'b'], nums: [1, 2, 3, 4, 5, 6, 7, 8] } }, (span) => {
    t.startActiveSpan('SELECT cart', { kind: api.SpanKind.CLIENT, links: [{ context: { traceId: '01000000000000000000000000000001', spanId: '0200000000000002', traceFlags: 1 }, attributes: { why: 'retry' } }] }, (child) => {
      console.log('GET /cart { id: 7 }');
      child.setAttribute('db.query.text', 'SELECT *\n  FROM "cart"\n  WHERE name = \'x\' AND `y`');
      const e = new Error("no such table: it's gone");
      e.stack = "Error: no such table: it's gone\n    at query (/app/db.js:7:9)\n    at main (/app/app.js:1:2)";
      child.recordException(e);
      child.setStatus({ code: api.SpanStatusCode.ERROR, message: e.message });
      child.end();
    });
    span.addEvent('rendered', { items: 3 });
    span.setStatus({ code: api.SpanStatusCode.OK });
    span.end();
  });
});
const job = t.startSpan('tick', { root: true });
job.end();
provider.shutdown();

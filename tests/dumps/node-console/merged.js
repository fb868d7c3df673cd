// An app that wraps its start in a span: every request becomes its child.
const http = require('http');
const { NodeTracerProvider, SimpleSpanProcessor, ConsoleSpanExporter } = require('@opentelemetry/sdk-trace-node');
const resources = require('@opentelemetry/resources');
const api = require('@opentelemetry/api');
const attrs = { 'service.name': 'shop' };
const resource = resources.resourceFromAttributes ? resources.resourceFromAttributes(attrs) : new resources.Resource(attrs);
const p = new SimpleSpanProcessor(new ConsoleSpanExporter());
let provider;
if (resources.resourceFromAttributes) provider = new NodeTracerProvider({ resource, spanProcessors: [p] });
else { provider = new NodeTracerProvider({ resource }); provider.addSpanProcessor(p); }
provider.register();
const web = api.trace.getTracer('shop.http', '0.1.0');
api.trace.getTracer('shop.cli', '0.1.0').startActiveSpan('run', (run) => {
  const server = http.createServer((req, res) => {
    const cx = api.propagation.extract(api.context.active(), req.headers);
    const span = web.startSpan('GET /cart', { kind: api.SpanKind.SERVER, attributes: { 'http.request.method': 'GET', 'url.path': '/cart', 'url.scheme': 'http', 'http.route': '/cart' } }, cx);
    setTimeout(() => { span.setAttribute('http.response.status_code', 200); span.end(); res.end('ok'); console.log('GET /cart 200'); }, 2);
  }).listen(0, '127.0.0.1', async () => {
    console.log('shop is listening');
    api.context.with(api.ROOT_CONTEXT, async () => {
      for (let i = 0; i < 6; i++) {
        await new Promise((done) => http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (r) => { r.resume(); r.on('end', done); }));
        await new Promise((done) => setTimeout(done, 30));
      }
      server.close(() => { run.end(); });
    });
  });
});

// The spans of exporters/scene.py through the exporter or client that is named:
//
//   node scene.js zipkin URL | jaeger PORT           OpenTelemetry's exporters (Jaeger's: thrift over UDP)
//   node scene.js zipkin-js|zipkin-js-v1 URL         zipkin, zipkin-transport-http
//   node scene.js jaeger-client PORT                 jaeger-client: thrift over UDP
const [name, to] = process.argv.slice(2);

async function opentelemetry(exporter) {
  const { NodeTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node');
  const { resourceFromAttributes } = require('@opentelemetry/resources');
  const { SpanKind, SpanStatusCode } = require('@opentelemetry/api');
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();
  const tracer = provider.getTracer('shop.http', '0.1.0');
  const attributes = { 'http.request.method': 'GET', 'http.response.status_code': 200, 'url.path': '/cart' };
  tracer.startActiveSpan('GET /cart', { kind: SpanKind.SERVER, attributes }, (request) => {
    tracer.startActiveSpan('SELECT cart', { kind: SpanKind.CLIENT }, (query) => {
      query.setAttributes({ 'db.system.name': 'sqlite', 'db.query.text': 'SELECT *\nFROM cart' });
      query.recordException(new Error('no such table'));
      query.setStatus({ code: SpanStatusCode.ERROR, message: 'no such table' });
      query.end();
    });
    request.addEvent('cart read', { items: 3 });
    request.end();
  });
  tracer.startSpan('tick').end();
  await provider.shutdown();
}

async function zipkinJs(jsonEncoder) {
  const { Tracer, BatchRecorder, ExplicitContext, Annotation } = require('zipkin');
  const { HttpLogger } = require('zipkin-transport-http');
  const recorder = new BatchRecorder({ logger: new HttpLogger({ endpoint: to, jsonEncoder, httpInterval: 200 }) });
  const tracer = new Tracer({ ctxImpl: new ExplicitContext(), recorder, localServiceName: 'shop', traceId128Bit: true });
  const span = (name, id, start, stop, tags) =>
    tracer.letId(id, () => {
      tracer.recordServiceName('shop');
      tracer.recordRpc(name);
      tracer.recordAnnotation(start);
      Object.entries(tags).forEach(([key, value]) => tracer.recordBinary(key, value));
      if (name === 'GET') tracer.letId(tracer.createChildId(), () => span('SELECT cart', tracer.id, new Annotation.ClientSend(), new Annotation.ClientRecv(), { 'sql.query': 'SELECT *\nFROM cart', error: 'no such table' }));
      tracer.recordAnnotation(stop);
    });
  span('GET', tracer.createRootId(), new Annotation.ServerRecv(), new Annotation.ServerSend(), { 'http.method': 'GET', 'http.path': '/cart', 'http.status_code': '200' });
  span('tick', tracer.createRootId(), new Annotation.LocalOperationStart('tick'), new Annotation.LocalOperationStop(), {});
  await new Promise((resolve) => setTimeout(resolve, 1500));
  process.exit(0);
}

async function jaegerClient() {
  const { initTracer } = require('jaeger-client');
  const reporter = { agentHost: '127.0.0.1', agentPort: Number(to), flushIntervalMs: 100 };
  const tracer = initTracer({ serviceName: 'shop', sampler: { type: 'const', param: 1 }, reporter }, {});
  const request = tracer.startSpan('GET /cart', { tags: { 'span.kind': 'server', 'http.method': 'GET', 'http.status_code': 200 } });
  const query = tracer.startSpan('SELECT cart', { childOf: request, tags: { 'span.kind': 'client', error: true } });
  query.log({ event: 'error', message: 'no such table' });
  query.finish();
  request.finish();
  tracer.startSpan('tick').finish();
  await new Promise((resolve) => tracer.close(resolve));
}

if (name === 'zipkin') {
  const { ZipkinExporter } = require('@opentelemetry/exporter-zipkin');
  opentelemetry(new ZipkinExporter({ url: to }));
} else if (name === 'jaeger') {
  const { JaegerExporter } = require('@opentelemetry/exporter-jaeger');
  opentelemetry(new JaegerExporter({ host: '127.0.0.1', port: Number(to) }));
} else if (name === 'jaeger-client') {
  jaegerClient();
} else {
  const { jsonEncoder } = require('zipkin');
  zipkinJs(name === 'zipkin-js' ? jsonEncoder.JSON_V2 : jsonEncoder.JSON_V1);
}

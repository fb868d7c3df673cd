// A timetable on PORT, under @fastify/otel. The HTTP instrumentation is there too, for calls to other services; with
// HTTP_INCOMING=on it also records the requests that come in, which the plugin does already.
const { NodeTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { FastifyOtelInstrumentation } = require('@fastify/otel');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { defaultResource, detectResources, envDetector } = require('@opentelemetry/resources');

const provider = new NodeTracerProvider({
  resource: defaultResource().merge(detectResources({ detectors: [envDetector] })),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();
registerInstrumentations({
  tracerProvider: provider,
  instrumentations: [
    new HttpInstrumentation({ disableIncomingRequestInstrumentation: process.env.HTTP_INCOMING !== 'on' }),
    new FastifyOtelInstrumentation({ registerOnInitialization: true }),
  ],
});

const app = require('fastify')();
const trains = [{ to: 'Ghent', at: '08:12' }, { to: 'Lille', at: '09:40' }];

app.addHook('preHandler', async () => new Promise((resolve) => setTimeout(resolve, 2)));
app.get('/trains', async () => trains);
app.get('/trains/:id', async (request, reply) => {
  const train = trains[Number(request.params.id)];
  return train ?? reply.code(404).send({ error: 'no such train' });
});
app.post('/bookings', async (request, reply) => reply.code(201).send({ seat: 40 + request.body.item }));
app.get('/delays', async () => {
  throw new Error('the board is down');
});

app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
process.on('SIGTERM', async () => {
  await app.close();
  await provider.shutdown();
});

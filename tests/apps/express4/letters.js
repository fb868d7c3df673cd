// Letters on PORT: their texts come from the archive on ARCHIVE_PORT; or that archive, if there is no ARCHIVE_PORT.
const { NodeTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { Resource, envDetectorSync, processDetectorSync } = require('@opentelemetry/resources');

const detected = [envDetectorSync, processDetectorSync].map((detector) => detector.detect());
const provider = new NodeTracerProvider({
  resource: detected.reduce((all, one) => all.merge(one), Resource.default()),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();
registerInstrumentations({
  tracerProvider: provider,
  instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
});

const http = require('node:http');
const express = require('express');

const app = express();
const texts = ['Dear Clara,', 'Dear Theo,', 'To whom it may concern,'];
const archive = process.env.ARCHIVE_PORT;

function ask(path) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port: archive, path, agent: false }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    });
    request.on('error', reject);
  });
}

app.get('/letters', (request, answer) => answer.json(texts.length));
app.get('/letters/:id', async (request, answer) => {
  answer.sendStatus(await ask(request.originalUrl.replace('letters', 'archive')));
});
app.get('/archive/:id', (request, answer) => {
  const text = texts[Number(request.params.id)];
  setTimeout(() => (text ? answer.send(text) : answer.sendStatus(404)), 3);
});

const server = app.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => provider.shutdown()));

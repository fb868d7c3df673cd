// A worker without end: handles the jobs (JSON files) that appear in the directory QUEUE, the oldest first. Its loop is
// started inside the span `worker`, which ends with the program. With LOOP=root it starts with an empty context, so that
// each job is a trace of its own; otherwise they are all under that span. It looks for the next job after POLL_MS.
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const { ROOT_CONTEXT, SpanKind, SpanStatusCode, context, trace } = require('@opentelemetry/api');
const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici');

const provider = require('./telemetry.js')(new UndiciInstrumentation());
const tracer = trace.getTracer('thumbnails');
const queue = process.env.QUEUE;
const pollMs = Number(process.env.POLL_MS ?? 50);

async function thumbnail(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`no photo: ${answer.status}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  return tracer.startActiveSpan('resize', (span) => {
    span.setAttributes({ 'photo.bytes': bytes.length, 'photo.digest': createHash('md5').update(bytes).digest('hex') });
    span.end();
  });
}

async function handle(file) {
  const job = JSON.parse(fs.readFileSync(`${queue}/${file}`));
  fs.unlinkSync(`${queue}/${file}`);
  const attributes = {
    'messaging.system': 'directory',
    'messaging.destination.name': 'thumbnails',
    'messaging.operation.type': 'process',
    'messaging.operation.name': 'process',
    'messaging.message.id': job.id,
    'photo.url': job.url,
  };
  await tracer.startActiveSpan('process thumbnails', { kind: SpanKind.CONSUMER, attributes }, async (span) => {
    try {
      await thumbnail(job.url);
    } catch (problem) {
      span.recordException(problem);
      span.setStatus({ code: SpanStatusCode.ERROR, message: problem.message });
    }
    span.end();
  });
}

async function loop() {
  const [file] = fs.readdirSync(queue).filter((name) => name.endsWith('.json')).sort();
  if (file) await handle(file);
  setTimeout(loop, pollMs);
}

tracer.startActiveSpan('worker', (span) => {
  if (process.env.LOOP === 'root') context.with(ROOT_CONTEXT, loop);
  else loop();
  process.on('SIGINT', async () => {
    span.end();
    await provider.shutdown();
    process.exit();
  });
});

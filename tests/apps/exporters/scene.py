"""Three spans through the exporter that is named: a request, a failed query below it, and a job of its own.

  scene.py zipkin-json|zipkin-proto URL          OpenTelemetry's Zipkin exporters
  scene.py jaeger-http URL, jaeger-udp PORT      OpenTelemetry's Jaeger exporter: thrift (app `exporters-jaeger`)
  scene.py V2_JSON|V1_JSON URL                   py_zipkin, which has no spans of its own: the request and the query
"""
import sys

SERVICE = "shop"


def opentelemetry(exporter):
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import SpanKind

    provider = TracerProvider(resource=Resource({"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("shop.http", "0.1.0")
    with tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER) as request:
        request.set_attributes({"http.request.method": "GET", "http.response.status_code": 200, "url.path": "/cart"})
        request.add_event("cart read", {"items": 3})
        try:
            with tracer.start_as_current_span("SELECT cart", kind=SpanKind.CLIENT) as query:
                query.set_attributes({"db.system.name": "sqlite", "db.query.text": "SELECT *\nFROM cart"})
                raise LookupError("no such table")
        except LookupError:
            pass
    with tracer.start_as_current_span("tick"):
        pass
    provider.shutdown()


def py_zipkin(encoding, url):
    import urllib.request

    from py_zipkin import Encoding, Kind
    from py_zipkin.zipkin import zipkin_client_span, zipkin_span

    def transport(body):
        urllib.request.urlopen(urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"}))

    common = {"service_name": SERVICE, "encoding": Encoding[encoding], "host": "127.0.0.1", "port": 8080}
    with zipkin_span(
        span_name="get /cart", kind=Kind.SERVER, transport_handler=transport, sample_rate=100, use_128bit_trace_id=True, **common
    ) as request:
        request.update_binary_annotations({"http.method": "GET", "http.path": "/cart", "http.status_code": "200"})
        request.add_annotation("cart read")
        with zipkin_client_span(span_name="select cart", **common) as query:
            query.update_binary_annotations({"sql.query": "SELECT *\nFROM cart", "error": "no such table"})


def main():
    name, to = sys.argv[1:]
    if name == "zipkin-json":
        from opentelemetry.exporter.zipkin.json import ZipkinExporter

        opentelemetry(ZipkinExporter(endpoint=to))
    elif name == "zipkin-proto":
        from opentelemetry.exporter.zipkin.proto.http import ZipkinExporter

        opentelemetry(ZipkinExporter(endpoint=to))
    elif name == "jaeger-http":
        from opentelemetry.exporter.jaeger.thrift import JaegerExporter

        opentelemetry(JaegerExporter(collector_endpoint=to))
    elif name == "jaeger-udp":
        from opentelemetry.exporter.jaeger.thrift import JaegerExporter

        opentelemetry(JaegerExporter(agent_host_name="127.0.0.1", agent_port=int(to)))
    else:
        py_zipkin(name, to)


if __name__ == "__main__":
    main()

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	opts := []stdouttrace.Option{}
	if len(os.Args) > 1 {
		opts = append(opts, stdouttrace.WithPrettyPrint())
	}
	exp, err := stdouttrace.New(opts...)
	if err != nil {
		panic(err)
	}
	tp := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exp), sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"), attribute.String("service.version", "1.2.0"))))
	fmt.Println("shop is listening on port 8080")
	t := tp.Tracer("shop.http", trace.WithInstrumentationVersion("0.1.0"))
	tid, _ := trace.TraceIDFromHex("7665db79fe37190cd760141ae821eb49")
	sid, _ := trace.SpanIDFromHex("6d04c2831f31cdd8")
	ts, _ := trace.ParseTraceState("ot=th:8,b=c")
	cx := trace.ContextWithRemoteSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: tid, SpanID: sid, TraceFlags: 1, TraceState: ts, Remote: true}))
	cx, span := t.Start(cx, "GET /cart", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.method", "GET"), attribute.Int("port", 8080), attribute.Float64("ratio", 0.5), attribute.Bool("ok", true), attribute.StringSlice("tags", []string{"a", "b"})))
	l1, _ := trace.TraceIDFromHex("01000000000000000000000000000001")
	l2, _ := trace.SpanIDFromHex("0200000000000002")
	_, child := t.Start(cx, "SELECT cart", trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(trace.Link{SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: l1, SpanID: l2, TraceFlags: 1}), Attributes: []attribute.KeyValue{attribute.String("why", "retry")}}))
	fmt.Println("GET /cart {id: 7}")
	child.RecordError(errors.New("no such table: it's gone"))
	child.SetStatus(codes.Error, "no such table")
	child.End()
	span.AddEvent("rendered", trace.WithAttributes(attribute.Int("items", 3)))
	span.SetStatus(codes.Ok, "")
	span.End()
	_, job := t.Start(context.Background(), "tick", trace.WithNewRoot())
	job.End()
}

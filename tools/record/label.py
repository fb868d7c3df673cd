#!/usr/bin/env python3
"""What is known about a capture: written when it is recorded, checked ever after. Standard library only.

  label.py write DIR --title TEXT --requests LOG --ended TEXT [--finding JSON]... [--note TEXT]... [--versions TEXT]...
      counts DIR/capture.jsonl, adds what was really requested (the log of tests/apps/drive.py), writes DIR/label.json
  label.py check DIR...     counts again and compares; says so and exits with 1 where they differ
  label.py tree FILE        the spans of a capture as trees, to look at
  label.py count DIR        writes DIR/counts.json: what its files of Zipkin JSON and of Python's console text hold
"""
import argparse
import collections
import json
import os
import re
import signal
import sys

KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]


def spans(path):
    """(service, scope, span) in the order of arrival."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            for resource in json.loads(line).get("resourceSpans", []):
                attributes = {a["key"]: a["value"] for a in resource["resource"]["attributes"]}
                service = attributes["service.name"]["stringValue"]
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        yield service, scope["scope"], span


def counted(path):
    found = list(spans(path))
    ids = {span["spanId"] for _, _, span in found}
    parents = collections.Counter(span["parentSpanId"] for _, _, span in found if span.get("parentSpanId"))
    services = collections.Counter(service for service, _, _ in found)
    kinds = collections.Counter(KINDS[span.get("kind", 0)] for _, _, span in found)
    flags = collections.Counter("0x%03x" % span.get("flags", 0) for _, _, span in found)
    with open(path, encoding="utf-8") as lines:
        exports = sum(1 for _ in lines)
    return {
        "exports": exports,
        "spans": len(found),
        "traces": len({span["traceId"] for _, _, span in found}),
        "roots": sum(1 for _, _, span in found if not span.get("parentSpanId")),
        "parents_never_received": len([p for p in parents if p not in ids]),
        "services": dict(sorted(services.items())),
        "kinds": dict(sorted(kinds.items())),
        "flags": dict(sorted(flags.items())),
        "last_span": found[-1][2]["name"],
    }


def scopes(path):
    names = {f"{scope['name']} {scope.get('version', '')}".strip() for _, scope, _ in spans(path)}
    return sorted(names)


def write(args):
    capture = os.path.join(args.dir, "capture.jsonl")
    with open(args.requests, encoding="utf-8") as lines:
        requests = [json.loads(line) for line in lines]
    bare = lambda path: re.sub(r"[?&]rid=\d+", "", path)
    answers = collections.Counter(f"{r['method']} {bare(r['path'])} {r['status']}" for r in requests)
    findings = [json.loads(text) for text in args.finding]
    label = {
        "title": args.title,
        "healthy": not findings,
        "findings": findings,
        "requests": len(requests),
        **({"units": args.units} if args.units else {}),
        "answers": dict(sorted(answers.items())),
        "ended": args.ended,
        "counts": counted(capture),
        "versions": args.versions,
        "scopes": scopes(capture),
        "notes": args.note,
    }
    with open(os.path.join(args.dir, "label.json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(label, indent=2) + "\n")


def check(args):
    wrong = 0
    for directory in args.dir:
        with open(os.path.join(directory, "label.json"), encoding="utf-8") as file:
            label = json.load(file)
        counts = counted(os.path.join(directory, "capture.jsonl"))
        same = counts == label["counts"] and label["healthy"] == (not label["findings"])
        wrong += not same
        print("%-5s %-24s %s" % ("ok" if same else "WRONG", os.path.basename(directory.rstrip("/")), json.dumps(counts)))
    return 1 if wrong else 0


def values(text):
    """JSON values, one after the other; of a terminal's text, the objects that start with a bracket alone on a line."""
    decoder = json.JSONDecoder()
    starts = [match.start() for match in re.finditer(r"^(\{$|\[\{)", text, re.MULTILINE)]
    return [decoder.raw_decode(text, start)[0] for start in starts]


def count(args):
    counts = {}
    for name in sorted(os.listdir(args.dir)):
        if name == "counts.json":
            continue
        with open(os.path.join(args.dir, name), encoding="utf-8") as file:
            found = values(file.read())
        if name.endswith(".txt"):
            spans = [
                {
                    "traceId": span["context"]["trace_id"],
                    "parentId": span["parent_id"],
                    "kind": span["kind"].removeprefix("SpanKind."),
                    "service": span["resource"]["attributes"]["service.name"],
                }
                for span in found
            ]
        else:
            spans = [{**span, "service": span["localEndpoint"]["serviceName"]} for array in found for span in array]
        kinds = collections.Counter(span.get("kind") or "none" for span in spans)
        counts[name] = {
            "spans": len(spans),
            "traces": len({span["traceId"] for span in spans}),
            "roots": sum(1 for span in spans if not span.get("parentId")),
            "services": dict(sorted(collections.Counter(span["service"] for span in spans).items())),
            "kinds": dict(sorted(kinds.items())),
        }
    with open(os.path.join(args.dir, "counts.json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(counts, indent=2) + "\n")


def tree(args):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` may close the pipe
    traces = collections.defaultdict(list)
    for service, scope, span in spans(args.file):
        traces[span["traceId"]].append((service, scope, span))
    for trace, members in traces.items():
        ids = {span["spanId"] for _, _, span in members}
        children = collections.defaultdict(list)
        for member in sorted(members, key=lambda m: int(m[2]["startTimeUnixNano"])):
            children[member[2].get("parentSpanId", "")].append(member)
        begin = min(int(span["startTimeUnixNano"]) for _, _, span in members)
        print(f"trace {trace}: {len(members)} spans")

        def show(parent, depth):
            for service, _, span in children[parent]:
                start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
                kind = KINDS[span.get("kind", 0)]
                at, lasts = (start - begin) / 1e6, (end - start) / 1e6
                print(f"{'  ' * depth}{span['name']}  {kind} {service} +{at:.1f} ms, {lasts:.1f} ms, flags {span.get('flags', 0):#05x}")
                show(span["spanId"], depth + 1)

        show("", 1)
        for parent in [p for p in children if p and p not in ids]:
            print(f"  {parent}  never received")
            show(parent, 2)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = ap.add_subparsers(required=True)
    command = commands.add_parser("write")
    command.add_argument("dir")
    command.add_argument("--title", required=True)
    command.add_argument("--requests", required=True)
    command.add_argument("--ended", required=True)
    command.add_argument("--units", help="`rid`: a span belongs to the request whose `rid=N` it or its nearest ancestor carries in a URL")
    for name in ("--finding", "--note", "--versions"):
        command.add_argument(name, action="append", default=[])
    command.set_defaults(run=write)
    command = commands.add_parser("check")
    command.add_argument("dir", nargs="+")
    command.set_defaults(run=check)
    command = commands.add_parser("count")
    command.add_argument("dir")
    command.set_defaults(run=count)
    command = commands.add_parser("tree")
    command.add_argument("file")
    command.set_defaults(run=tree)
    args = ap.parse_args()
    return args.run(args) or 0


if __name__ == "__main__":
    sys.exit(main())

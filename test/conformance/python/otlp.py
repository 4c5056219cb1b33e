"""Reads an export as the official definitions have it, and says what it read, as JSON."""

import base64
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

# OTLP's JSON has these in hex, where Protocol Buffers' own has base64.
IDS = {"traceId", "spanId", "parentSpanId"}


def with_base64(value):
    if isinstance(value, list):
        return [with_base64(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.b64encode(bytes.fromhex(one)).decode() if name in IDS else with_base64(one)
        for name, one in value.items()
    }


form, path = sys.argv[1:]
with open(path, "rb") as file:
    body = file.read()
if form in ("http/json", "logs"):
    read = ExportLogsServiceRequest() if form == "logs" else ExportTraceServiceRequest()
    # Unknown fields are errors here.
    json_format.ParseDict(with_base64(json.loads(body)), read)
else:
    read = ExportTraceServiceRequest.FromString(body)
    # What was not understood would be written again beside what was.
    assert read.SerializeToString() == ExportTraceServiceRequest.FromString(
        read.SerializeToString()
    ).SerializeToString()
print(json.dumps(json_format.MessageToDict(read)))

"""One trace per story over all programs, where OTEL_EXPORTER_OTLP_ENDPOINT says so; off it costs nothing.

`context` is what messages carry and needs no library. Only `tracer` imports OpenTelemetry; `opening` loads it
when traces are wanted.
"""

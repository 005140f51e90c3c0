"""The figures as Prometheus wants them; the only place that knows its client library."""

"""Kinds of models: each module here has `create(spec, host)`; see `millrace_host.adapter`."""

"""The gRPC server around a node's services: threads, size limits, mutual TLS, health, reflection, and a clean end.

A service brings a table of methods by name. Each request arrives here as bytes and is read inside the guarded call, so
that bytes which are no message get an answer that names the field, and not a trace in the log. Nothing here knows what
a method does.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from domain.event import Refusal
from services.kit.identity import SERVER_OPTIONS, ServerTls, bind
from services.kit.rpc.errors import Refused, answered, answered_stream
from services.kit.rpc.messages import parse

REQUEST_BYTES_MAX = 1024 * 1024
THREADS = 32
WAITING_CALLS_MAX = 1024
GRACE_SECONDS = 5.0

Method = Callable[[Any, grpc.ServicerContext], Message | Iterator[Message]]
"""Answers one request; the method of a stream returns an iterator."""

_OPTIONS = (
    *((name, value) for name, value in SERVER_OPTIONS if name != "grpc.max_receive_message_length"),
    ("grpc.max_receive_message_length", REQUEST_BYTES_MAX),
)
_TOO_LATE = Refusal(
    "TOO_LATE",
    "the deadline was over before the call began; nothing was done",
    "调用期限已过,未作处理",
    remedy="repeat the call with the same request id and more time",
)


class Service(NamedTuple):
    """A service of the protos with its methods by name; every method of the proto has its place."""

    descriptor: ServiceDescriptor
    methods: Mapping[str, Method]


class RpcServer:
    """Services on one port, from `start` to `stop`."""

    def __init__(
        self,
        services: Sequence[Service],
        address: str,
        tls: ServerTls | None,
        *,
        plaintext: bool = False,
        threads: int = THREADS,
    ) -> None:
        """Listen on `host:port` (port 0: a free one, then in `port`); raises `ValueError` or `CannotListen`."""
        pool = ThreadPoolExecutor(threads, thread_name_prefix="rpc")
        self._server = grpc.server(pool, options=_OPTIONS, maximum_concurrent_rpcs=WAITING_CALLS_MAX)
        self._health = health.HealthServicer()
        self._names = [service.descriptor.full_name for service in services]
        self._server.add_generic_rpc_handlers([_handlers(service) for service in services])
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        shown = (*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(shown, self._server)
        self.port = bind(self._server, address, tls, plaintext=plaintext)

    def start(self) -> None:
        """Take calls, and say so to whoever asks after the health of the whole or of one service."""
        self._server.start()
        for name in ("", *self._names):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    def stop(self) -> None:
        """Say that it ends, take no new calls, let those under way finish for a while, then cut them off."""
        self._health.enter_graceful_shutdown()
        self._server.stop(GRACE_SECONDS).wait()

    def serve(self, stop: threading.Event) -> None:
        """Run until `stop`."""
        self.start()
        try:
            stop.wait()
        finally:
            self.stop()


def _handlers(service: Service) -> grpc.GenericRpcHandler:
    declared = service.descriptor.methods_by_name
    if differing := set(declared) ^ set(service.methods):
        raise ValueError(f"{service.descriptor.full_name}: the proto and the methods differ in {sorted(differing)}")
    handlers = {name: _handler(declared[name], method) for name, method in service.methods.items()}
    return grpc.method_handlers_generic_handler(service.descriptor.full_name, handlers)


def _handler(declared: MethodDescriptor, method: Method) -> "grpc.RpcMethodHandler[Any, Any]":
    request_class: type[Message] = GetMessageClass(declared.input_type)
    answer_class: type[Message] = GetMessageClass(declared.output_type)

    def call(wire: bytes, context: grpc.ServicerContext) -> Any:
        # The stubs do not say that a call may come without a deadline.
        remaining: float | None = context.time_remaining()
        if remaining is not None and remaining <= 0:
            raise Refused(_TOO_LATE)
        return method(parse(request_class, wire), context)

    if declared.server_streaming:
        return grpc.unary_stream_rpc_method_handler(
            answered_stream(call), response_serializer=answer_class.SerializeToString
        )
    return grpc.unary_unary_rpc_method_handler(answered(call), response_serializer=answer_class.SerializeToString)

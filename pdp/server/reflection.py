"""Server reflection, v1 and v1alpha, so that grpcurl, ghz and their like need no proto file.

grpcio-reflection serves v1alpha alone; v1 differs in its package name only, so the same servicer answers both. Its
look-up knows no *method* names, which `grpcurl describe` and ghz ask for: here a method is found by its service.
"""

from collections.abc import Iterable, Sequence

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_reflection.v1alpha import reflection, reflection_pb2

V1ALPHA = reflection.SERVICE_NAME
V1 = "grpc.reflection.v1.ServerReflection"
SERVICE_NAMES = (V1, V1ALPHA)


class Reflection(reflection.aio.ReflectionServicer):  # type: ignore[misc] # the base class ships no types
    """Answers for the services named, and for the two of reflection itself."""

    def __init__(self, service_names: Iterable[str]) -> None:
        pool = descriptor_pool.Default()
        _add_v1(pool)
        super().__init__([*service_names, *SERVICE_NAMES], pool)

    def _file_containing_symbol(
        self, request: reflection_pb2.ServerReflectionRequest, symbol: str
    ) -> reflection_pb2.ServerReflectionResponse:
        """The file of a message, enum, service, or method: `package.Service.Method` is its service's."""
        service, _, method = symbol.rpartition(".")
        try:
            found = self._pool.FindServiceByName(service)
        except KeyError:
            return super()._file_containing_symbol(request, symbol)
        known = method in found.methods_by_name
        return super()._file_containing_symbol(request, service if known else symbol)


def add_reflection(service_names: Sequence[str], server: grpc.aio.Server) -> None:
    """Serves reflection of some services under both names."""
    servicer = Reflection(service_names)
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}) for name in SERVICE_NAMES]
    )


def _add_v1(pool: descriptor_pool.DescriptorPool) -> None:
    """Puts the descriptor of v1, that of v1alpha under its own package and file name, into the pool once."""
    try:
        pool.FindServiceByName(V1)
    except KeyError:
        pool.Add(_v1_file())


def _v1_file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(file)
    file.name, file.package = "grpc/reflection/v1/reflection.proto", "grpc.reflection.v1"
    for message in file.message_type:
        for field in message.field:
            if field.type_name:
                field.type_name = field.type_name.replace(".v1alpha.", ".v1.")
    for service in file.service:
        for method in service.method:
            method.input_type = method.input_type.replace(".v1alpha.", ".v1.")
            method.output_type = method.output_type.replace(".v1alpha.", ".v1.")
    return file

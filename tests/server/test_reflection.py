import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from pdp.server.reflection import Reflection

REFLECTION = Reflection(["pdp.v1.DecisionService"])


def files_of(symbol: str) -> set[str]:
    """The files that describe a symbol; none when it is not found."""
    answer: ServerReflectionResponse = REFLECTION._file_containing_symbol(ServerReflectionRequest(), symbol)
    described = answer.file_descriptor_response.file_descriptor_proto
    return {FileDescriptorProto.FromString(file).name for file in described}


@pytest.mark.parametrize(
    "symbol",
    [
        "pdp.v1.DecisionService",
        "pdp.v1.DecisionService.CheckFlow",
        "pdp.v1.DecisionService.CheckPath",
        "pdp.v1.CheckFlowRequest",
    ],
)
def test_services_methods_and_messages_are_found_with_all_they_need(symbol: str) -> None:
    assert files_of(symbol) >= {"pdp/v1/decision_service.proto", "pdp/v1/flow.proto", "google/protobuf/timestamp.proto"}


@pytest.mark.parametrize(
    "symbol",
    ["pdp.v1.Nothing", "pdp.v1.DecisionService.Nothing", "pdp.v1.DecisionService.", "CheckFlow", "", "pdp.v1.Flow.eni"],
)
def test_what_does_not_exist_is_not_found(symbol: str) -> None:
    assert files_of(symbol) == set()


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_describes_itself(version: str) -> None:
    service = f"grpc.reflection.{version}.ServerReflection"
    (one,) = files_of(service)
    assert files_of(f"{service}.ServerReflectionInfo") == {one}
    assert files_of(f"grpc.reflection.{version}.ServerReflectionRequest") == {one}


def test_a_second_server_in_one_process_is_no_trouble() -> None:
    Reflection(["pdp.v1.DecisionService"])

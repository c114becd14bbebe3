"""Cloud Map is ours; MiniStack's own is out of the way, its CloudFormation of it too."""

from localcloud.emulator import upstream
from localcloud.emulator.cloud_map.instances_api import InstancesApi
from localcloud.emulator.cloud_map.model import STORE
from localcloud.emulator.cloud_map.namespaces_api import NamespacesApi
from localcloud.emulator.cloud_map.services_api import ServicesApi
from localcloud.emulator.json_api import Api
from localcloud.emulator.resetting import on_reset

SERVICE = "servicediscovery"


def install() -> None:
    """Route Cloud Map's requests here."""
    operations = {
        **NamespacesApi(STORE).operations(),
        **ServicesApi(STORE).operations(),
        **InstancesApi(STORE).operations(),
    }
    # "1 validation error detected: Value null at 'id' …" with the code InvalidInput: aws/aws-sdk-java#1973.
    upstream.app.SERVICE_HANDLERS[SERVICE] = Api(
        SERVICE, operations, invalid="InvalidInput", message_key="Message"
    ).handle
    on_reset(STORE.clear)
    # MiniStack's CloudFormation would make resources that nobody finds: it says instead that it has no such type.
    handlers = upstream.module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    for kind in [kind for kind in handlers if kind.startswith("AWS::ServiceDiscovery::")]:
        del handlers[kind]

"""What people at the machine do with tools, clients, records; and what is swept from time to time."""

from droas_mother.adapters.storage.verification import Verifier
from droas_mother.bootstrap.ground import Ground
from droas_mother.flows.records.housekeeping import Housekeeping
from droas_mother.flows.records.records_desk import RecordsDesk
from droas_mother.flows.tools.client_desk import ClientDesk
from droas_mother.flows.tools.tool_counter import ToolCounter


class Office:
    """Joins the desks to what they stand on, and admits the clients of earlier mothers.

    Args:
        ground: what it stands on.

    Raises:
        OutsideError: the clients cannot be read.
    """

    def __init__(self, ground: Ground) -> None:
        clients = ClientDesk(
            ground.keyring,
            ground.gateway,
            ground.reader,
            endpoint=ground.endpoints.tools,
            beacon=str(ground.folder.beacon),
        )
        clients.admit_known()
        self.clients = clients
        self.counter = ToolCounter(ground.desk, ground.gateway)
        self.records = RecordsDesk(ground.audit_feed, ground.reader, Verifier(ground.engine), ground.gateway)
        self.housekeeping = Housekeeping(ground.reader, ground.gateway, ground.settings.audit.retention_days)

"""Log records that find no room are told of, once there is room again."""

import time
from typing import Any

from droas_child.adapters.mother import MotherLink
from droas_common.wire.records import LogRecord
from droas_mother.adapters.bus.log_intake import LogIntake
from tests.support.town import until


async def test_lost_log_records_are_counted(home: Any) -> None:
    """While nobody takes them in, the queue fills; the first one behind it tells how many were lost."""
    home.logs.close()
    link = MotherLink(home.settings())
    sent = 5_000
    for number in range(sent):
        link.log(LogRecord(at=time.time(), level="INFO", event="noise", fields={"number": number}))
    home.logs = LogIntake(home.context, home.endpoint("logs"), home.keyring, home.records.append)
    home.logs.start()
    await until(lambda: len(home.records) == sent - link._lost, "the queue does not empty")
    link.log(LogRecord(at=time.time(), level="INFO", event="last"))
    await until(lambda: home.records[-1].event == "last", "the last record does not come")
    link.close()
    (told,) = [one for one in home.records if one.event == "log_records_lost"]
    came = sum(one.event == "noise" for one in home.records)
    assert (told.level, told.fields["records"]) == ("WARNING", sent - came)
    assert came < sent

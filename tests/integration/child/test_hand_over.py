"""A child goes over to the next mother: it follows there what it followed here, and its log tells what is missing."""

from typing import Any

from droas_child.adapters.mother import MotherLink
from droas_common.ids import BotName, Snowflake
from droas_common.wire.records import LogRecord
from droas_common.wire.topics import SYNC_PREFIX, config_topic, protection_topic, read_snapshot, sync_topic
from droas_mother.adapters.bus.publisher import Publisher
from tests.support.town import until

_MANY = 1_500


async def test_the_next_mother_tells_of_everything_followed(home: Any) -> None:
    """The state is asked for behind all that is followed, so that nothing is missing in it."""
    bot = BotName("helper")
    topics = [config_topic(bot), *(protection_topic(Snowflake(str(number))) for number in range(1, 30))]
    snapshots: list[set[str]] = []

    def hear(frames: list[bytes]) -> None:
        if frames[0].startswith(SYNC_PREFIX.encode()):
            snapshots.append(set(read_snapshot(frames[1]).topics))

    settings = home.settings()
    link = MotherLink(settings)
    link.start(lambda _word: None, hear)
    for topic in (*topics, sync_topic(bot)):
        link.subscribe(topic)
    await until(lambda: len(snapshots) == 1, "no snapshot came")
    home.publisher.close()
    home.publisher = Publisher(home.context, home.endpoint("events"), home.keyring)
    for topic in topics:
        home.publisher.publish(topic, "change", {}, state={"n": 1})
    home.publisher.start()
    link.follow(settings.keys.server_key)
    await until(lambda: len(snapshots) > 1, "no snapshot came of the next mother")
    assert snapshots[-1] == set(topics)
    link.close()


async def test_log_records_that_were_held_too_long_are_counted(home: Any) -> None:
    """Without a mother the newest are kept; the next one learns how many were not."""
    settings = home.settings()
    link = MotherLink(settings)
    link.hold()
    for number in range(_MANY):
        link.log(LogRecord(at=1.0, level="INFO", event="noise", fields={"number": number}))
    link.follow(settings.keys.server_key)
    await until(
        lambda: home.records and home.records[-1].fields.get("number") == _MANY - 1, "they do not come"
    )
    link.close()
    (told,) = [one for one in home.records if one.event == "log_records_lost"]
    assert told.fields["records"] == _MANY - sum(one.event == "noise" for one in home.records) > 0

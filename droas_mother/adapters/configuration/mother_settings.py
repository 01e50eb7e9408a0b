"""The mother's settings: her files, above them DROAS_ variables, above those `--set`."""

import re
from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple

import pydantic
from pydantic_settings.exceptions import SettingsError

from droas_mother.adapters.configuration.yaml_documents import read_yaml
from droas_mother.core.configuration.contradictions import contradictions
from droas_mother.core.configuration.diagnosis import Span
from droas_mother.core.configuration.documents import Document, Place
from droas_mother.core.configuration.faults import Fault, faults_of
from droas_mother.core.configuration.findings import Findings
from droas_mother.core.configuration.layout import Kind, Owner
from droas_mother.core.settings import MotherSettings

MOTHER = Owner(Kind.MOTHER)
_ASSIGNMENT = re.compile(r"^([a-z0-9_]+(?:\.[A-Za-z0-9_*-]+)*)=(.*)$", re.DOTALL)


class Layers(NamedTuple):
    """The three sources, the lowest first.

    Args:
        file: what her files say.
        variables: what DROAS_ variables say, in the shape of the file.
        arguments: what `--set` says, in the shape of the file.
    """

    file: Document
    variables: dict[str, Any]
    arguments: dict[str, Any]

    def origin(self, place: Place) -> Span | None:
        """Say which source a setting comes from; None for a default."""
        if _has(self.arguments, place):
            return Span(f"--set {_dotted(place)}", 0)
        if _has(self.variables, place):
            return Span(variable_of(place), 0)
        return self.file.entries[place].value if place in self.file.entries else None

    def span(self, place: Place, *, of_key: bool) -> Span:
        """Say where a fault is."""
        for length in range(len(place), 0, -1):
            if _has(self.arguments, place[:length]):
                return Span(f"--set {_dotted(place[:length])}", 0)
            if _has(self.variables, place[:length]) and not isinstance(
                _at(self.variables, place[:length]), dict
            ):
                return Span(variable_of(place[:length]), 0)
        return self.file.span(place, of_key=of_key)


def lay(
    file: Document,
    environment: Mapping[str, str],
    overrides: Sequence[str],
    *,
    unset: Container[Place],
    findings: Findings,
) -> tuple[Layers, MotherSettings | None]:
    """Validate the mother's settings; None when something is wrong, which is noted.

    Args:
        file: what her files say.
        environment: has the DROAS_ variables.
        overrides: of the command line, `name=value`.
        unset: places of which is known already that they have no value.
        findings: where faults are noted.
    """
    arguments = _arguments(overrides, findings)
    variables = _variables(environment, findings)
    layers = Layers(file, variables, arguments)
    data = _over(_over(file.data, variables), arguments)
    settings, faults = _validated(data)
    for fault in faults:
        span = layers.span(fault.place, of_key=fault.of_key)
        if fault.place not in unset or not span.line:
            findings.note_fault(MOTHER, span, fault)
    return layers, None if findings.has(MOTHER) else settings


def _validated(data: dict[str, Any]) -> tuple[MotherSettings | None, list[Fault]]:
    try:
        settings = MotherSettings.from_values(data)
    except pydantic.ValidationError as error:
        return None, list(faults_of(error, MotherSettings, data))
    return settings, list(contradictions(settings))


def variable_of(place: Place) -> str:
    """Give the variable that overrides a setting."""
    return "DROAS_" + "__".join(map(str, place)).upper()


def _arguments(overrides: Sequence[str], findings: Findings) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for text in overrides:
        match = _ASSIGNMENT.match(text)
        if match is None:
            span = Span("--set", 0)
            findings.note(MOTHER, span, "this is not name=value", expected="as in --set http.port=9000")
            continue
        name, written = match.groups()
        reading = read_yaml("--set", f"value: {written}")
        if reading.findings or len(reading.documents) != 1 or set(reading.documents[0].data) != {"value"}:
            span = Span(f"--set {name}", 0)
            findings.note(MOTHER, span, "the value cannot be read", expected="YAML, as 9000, text or [a, b]")
            continue
        *above, last = name.split(".")
        inner = data
        for part in above:
            below = inner.get(part)
            inner[part] = inner = below if isinstance(below, dict) else {}
        inner[last] = reading.documents[0].data["value"]
    return data


def _variables(environment: Mapping[str, str], findings: Findings) -> dict[str, Any]:
    """Give what the DROAS_ variables say; those of a setting that cannot be read are noted and left out."""
    left = {name: value for name, value in environment.items() if name.upper().startswith("DROAS_")}
    for _ in range(len(MotherSettings.model_fields)):
        try:
            return MotherSettings.variables_of(left)
        except SettingsError as error:
            field = re.search(r'field "(\w+)"', str(error))
            prefix = f"DROAS_{field[1] if field is not None else ''}".upper()
            names = sorted(name for name in left if name.upper().startswith(prefix))
            span = Span(" or ".join(names[:3]), 0)
            words = "the value of this variable cannot be read"
            findings.note(MOTHER, span, words, expected='JSON, as ["a", "b"]')
            left = {name: value for name, value in left.items() if name not in names}
    return {}


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def _at(data: Any, place: Place) -> Any:
    for part in place:
        data = data[part]
    return data


def _has(data: Any, place: Place) -> bool:
    for part in place:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))

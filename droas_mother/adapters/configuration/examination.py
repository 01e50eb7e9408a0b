"""Everything that can be said of a configuration folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import pydantic

from droas_common.ids import BotName
from droas_common.settings import BotSettings, StrictModel
from droas_mother.adapters.configuration import mother_settings
from droas_mother.adapters.configuration.mother_settings import MOTHER, Layers
from droas_mother.adapters.configuration.owned_files import OwnedFiles
from droas_mother.core.configuration.diagnosis import Diagnosis, Span
from droas_mother.core.configuration.documents import Document, Place, expanded, leaves
from droas_mother.core.configuration.faults import faults_of
from droas_mother.core.configuration.fields import last_names, nearest, setting_at
from droas_mother.core.configuration.findings import VARIABLES, Findings
from droas_mother.core.configuration.layout import MOTHER_FILE, NAME_RULE, Kind, Owner, arrange, owner_of
from droas_mother.core.configuration.literals import Literal, secret_in
from droas_mother.core.configuration.overlooked import laid_open, overlooked
from droas_mother.core.configuration.placeholders import Problem
from droas_mother.core.configuration.source_lines import Sources
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.protection.policy_settings import PolicyFile
from droas_mother.core.settings import BotFile, Configuration, MotherSettings

_MODELS: dict[Kind, type[pydantic.BaseModel]] = {
    Kind.MOTHER: MotherSettings,
    Kind.BOT: BotFile,
    Kind.POLICY: PolicyFile,
}


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    """Give the names of secret settings, and of those that are none."""
    return last_names(_MODELS.values(), secret=True), last_names(_MODELS.values(), secret=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found.

    Args:
        configuration: None when the mother cannot start with it.
        diagnoses: every fault.
        warnings: what is no fault, and should not be: what has no effect, secrets that others can read.
        written: what each owner's files say, placeholders and ciphertexts as they stand there.
        layers: where the mother's settings come from; None without her files.
    """

    configuration: Configuration | None
    diagnoses: tuple[Diagnosis, ...]
    written: Mapping[Owner, Document]
    layers: Layers | None
    warnings: tuple[Diagnosis, ...] = ()


class Examiner:
    """Interprets one tree.

    Args:
        tree: the files.
        environment: where placeholders and DROAS_ variables come from.
        overrides: settings of the mother as `name=value`.
    """

    def __init__(self, tree: Tree, environment: Mapping[str, str], overrides: Sequence[str]) -> None:
        self._tree = tree
        self._overrides = overrides
        self._layout = arrange([*tree.files, *tree.unreadable])
        self._sources = Sources(_names)
        self._findings = Findings(self._sources)
        self._files = OwnedFiles(tree, self._sources, self._findings, environment)
        self._environment = self._with_files(environment)
        self._documents: dict[Owner, Document] = {}
        self._unset: set[tuple[Owner, Place]] = set()
        self._used: set[str] = set()

    def examine(self) -> Examination:
        """Do it."""
        self._note_misnamed()
        self._note_unreadable_folders()
        layers, mother = self._mother()
        policies = {
            name: file.policy
            for name, paths in self._layout.policies.items()
            if isinstance(file := self._validated(Owner(Kind.POLICY, name), paths), PolicyFile)
        }
        bots = {
            BotName(name): file.bot_config
            for name, paths in self._layout.bots.items()
            if isinstance(file := self._validated(Owner(Kind.BOT, name), paths), BotFile)
        }
        self._refuse_literals(mother)
        if mother is not None:
            self._check_references(mother, bots)
            self._check_tokens(mother, bots)
            self._check_count(mother, bots)
        diagnoses = self._findings.diagnoses()
        configuration = None
        if mother is not None and not self._findings.has(MOTHER):
            good = {name: bot for name, bot in bots.items() if not self._findings.has(_bot(name))}
            configuration = Configuration(mother=mother, bots=good, policies=policies, problems=diagnoses)
        unused = self._environment.keys() - self._used
        return Examination(
            configuration=configuration,
            diagnoses=diagnoses,
            written=self._files.written,
            layers=layers,
            warnings=(
                *laid_open(self._tree, self._files.in_clear),
                *overlooked(self._tree, unused, MotherSettings.model_fields),
            ),
        )

    def _with_files(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Lay the environment over the variables of files; what is empty there counts as not set."""
        named = self._files.variables(VARIABLES, self._layout.variables)
        secrets = named.values()
        self._sources.learn(secrets)
        return {**named, **{name: value for name, value in environment.items() if value or name not in named}}

    def _note_misnamed(self) -> None:
        for path in self._layout.misnamed:
            file = self._tree.shown(path)
            self._findings.note(
                None, Span(file, 0), "the name of this file cannot be used", expected=NAME_RULE
            )

    def _note_unreadable_folders(self) -> None:
        """What a folder holds is not known, so nothing may be made of what is missing."""
        for path, words in self._tree.unreadable.items():
            if owner_of(path) is None:
                self._findings.note(MOTHER, Span(self._tree.shown(path), 0), f"this folder {words}")

    def _mother(self) -> tuple[Layers | None, MotherSettings | None]:
        if not self._layout.mother:
            span = Span(self._tree.shown(MOTHER_FILE), 0)
            self._findings.note(
                MOTHER, span, f"there is no such file; name the folder that holds {MOTHER_FILE}"
            )
            return None, None
        document = self._expanded(MOTHER, self._layout.mother)
        unset = {place for owner, place in self._unset if owner == MOTHER}
        return mother_settings.lay(
            document, self._environment, self._overrides, unset=unset, findings=self._findings
        )

    def _expanded(self, owner: Owner, paths: Sequence[str]) -> Document:
        read = self._files.read(owner, paths)
        document, faults, variables = expanded(read, self._environment)
        names = frozenset[str]().union(*variables.values())
        self._used |= names
        self._sources.learn(self._environment.get(name, "") for name in names)
        for place, problem in faults:
            self._findings.note(owner, document.span(place), self._said(owner, place, problem))
            self._unset.add((owner, place))
        self._documents[owner] = document
        return document

    def _said(self, owner: Owner, place: Place, problem: Problem) -> str:
        """Say what is wrong with a placeholder, and what to do; nobody is told to write a token as a default."""
        faulty = self._findings.first_file(VARIABLES)
        setting = setting_at(_MODELS[owner.kind], place)
        if not problem.unset:
            return problem.words
        if faulty:
            return f"{problem.words}, or stands in {faulty}, which is faulty"
        if problem.advice:
            return f"{problem.words}: {problem.advice}"
        if setting is not None and setting.secret:
            return f"{problem.words}; set it, or write it into {self._tree.shown('secrets.env')}"
        return f"{problem.words}; set it, or write ${{{problem.unset}:-a default}}"

    def _validated(self, owner: Owner, paths: Sequence[str]) -> StrictModel | None:
        """Give what some files say; None when something is wrong, which is noted."""
        document = self._expanded(owner, paths)
        unread = self._findings.has(owner)
        model = _MODELS[owner.kind]
        try:
            value = model.model_validate(document.data)
        except pydantic.ValidationError as error:
            for fault in faults_of(error, model, document.data):
                # What is missing may stand in what could not be read, and no value is no second fault.
                if not (unread and fault.missing) and (owner, fault.place) not in self._unset:
                    span = document.span(fault.place, of_key=fault.of_key)
                    self._findings.note_fault(owner, span, fault)
            return None
        return value if isinstance(value, StrictModel) and not self._findings.has(owner) else None

    def _refuse_literals(self, mother: MotherSettings | None) -> None:
        if mother is not None and mother.allow_plain_secrets:
            return
        for owner, (span, kind) in (*self._files.literals, *self._secrets_in_clear()):
            words = f"{kind} stands here in clear"
            expected = "a placeholder as ${NAME}, or the file encrypted by `droasctl secrets encrypt`"
            self._findings.note(owner, span, words, expected=expected)

    def _secrets_in_clear(self) -> Iterator[tuple[Owner, Literal]]:
        """Give what stands in clear in secret settings, and has not the look of a token or a key."""
        found = {(one.span.file, one.span.line) for _, one in self._files.literals}
        secret_names, _ = _names()
        for owner, document in self._files.written.items():
            for place, value in leaves(document.data):
                if not isinstance(value, str) or place[-1] not in secret_names:
                    continue
                setting = setting_at(_MODELS[owner.kind], place)
                if setting is None or not setting.secret:
                    continue
                kind, span = secret_in(setting.place[-1], value), document.span(place)
                if kind and (span.file, span.line) not in found:
                    yield owner, Literal(span, kind)

    def _check_references(self, mother: MotherSettings, bots: Mapping[BotName, BotSettings]) -> None:
        """Refuse what refers to a policy that there is not."""
        protection = mother.protection
        if protection.policy is not None:
            self._check_policy(MOTHER, ("protection", "policy"), protection.policy)
        for guild_id, policy in protection.guild_policies.items():
            self._check_policy(MOTHER, ("protection", "guild_policies", guild_id), policy)
        for name, bot in bots.items():
            if bot.protection_policy is not None:
                self._check_policy(_bot(name), ("bot_config", "protection_policy"), bot.protection_policy)

    def _check_policy(self, owner: Owner, place: tuple[str, ...], policy: str) -> None:
        span = self._documents[owner].span(place)
        name = ".".join(place)
        if policy not in self._layout.policies:
            self._findings.note(
                owner,
                span,
                f"{name}: there is no such policy",
                expected=f"the name of a file in {self._tree.shown('protection')}/",
                nearest=nearest(policy, self._layout.policies),
            )
        elif self._findings.has(Owner(Kind.POLICY, policy)):
            also = Span(self._tree.shown(self._layout.policies[policy][0]), 0)
            self._findings.note(owner, span, f"{name}: this policy is faulty", also=also)

    def _check_tokens(self, mother: MotherSettings, bots: Mapping[BotName, BotSettings]) -> None:
        """Refuse every bot whose token somebody before it has already: Discord would end both."""
        owners: dict[str, tuple[str, Span]] = {}
        own = mother.control_bot.discord_token
        if own is not None:
            place = self._documents[MOTHER].span(("control_bot", "discord_token"))
            owners[own.get_secret_value()] = ("the protecting bot", place)
        for name, bot in bots.items():
            span = self._documents[_bot(name)].span(("bot_config", "discord_token"))
            whose, first = owners.setdefault(bot.discord_token.get_secret_value(), (name, span))
            if whose != name:
                words = f"bot_config.discord_token: this token is also {whose}'s; every bot needs its own"
                self._findings.note(_bot(name), span, words, also=first)

    def _check_count(self, mother: MotherSettings, bots: Mapping[BotName, BotSettings]) -> None:
        count = sum(not self._findings.has(_bot(name)) for name in bots)
        if count > mother.max_bots:
            words = f"{count} bots are configured, more than the {mother.max_bots} allowed"
            expected = f"fewer files, or a higher max_bots in {MOTHER_FILE}"
            self._findings.note(MOTHER, Span(self._tree.shown("bots"), 0), words, expected=expected)


def _bot(name: str) -> Owner:
    return Owner(Kind.BOT, name)

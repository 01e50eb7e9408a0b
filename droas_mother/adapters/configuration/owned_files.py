"""The files of one owner, read and laid over one another."""

from collections.abc import Mapping, Sequence

from droas_mother.adapters.configuration.yaml_documents import read_yaml
from droas_mother.core.configuration.diagnosis import Span
from droas_mother.core.configuration.documents import Document, is_encrypted, merged
from droas_mother.core.configuration.findings import Findings
from droas_mother.core.configuration.layout import Kind, Owner
from droas_mother.core.configuration.literals import Literal, literals_in
from droas_mother.core.configuration.source_lines import Sources
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.configuration.variables import read_lines, values_in

_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x00\x00\xfe\xff": "UTF-32"}


class OwnedFiles:
    """Reads what belongs together.

    Args:
        tree: the folder.
        sources: where the texts are kept for messages.
        findings: where faults are noted.
        environment: says where age identities are.
    """

    def __init__(
        self, tree: Tree, sources: Sources, findings: Findings, environment: Mapping[str, str]
    ) -> None:
        self._tree = tree
        self._environment = environment
        self._sources = sources
        self._findings = findings
        self.literals: list[tuple[Owner, Literal]] = []
        self.in_clear: list[str] = []
        self.written: dict[Owner, Document] = {}

    def read(self, owner: Owner, paths: Sequence[str]) -> Document:
        """Give the documents of some files as one; it is not complete when something was noted."""
        documents: list[Document] = []
        written: list[Document] = []
        for path in paths:
            text = self._text(owner, path)
            if text is not None:
                read = self._documents(owner, self._tree.shown(path), text)
                written += read
                documents += self._opened(owner, read)
        start = Span(self._tree.shown(paths[0]))
        self.written[owner] = merged(written, start)
        return merged(documents, start)

    def variables(self, owner: Owner, paths: Sequence[str]) -> dict[str, str]:
        """Give the variables of some files, the later ones above the earlier."""
        found: dict[str, str] = {}
        for path in paths:
            text = self._text(owner, path)
            if text is None:
                continue
            document, faults = read_lines(self._tree.shown(path), text)
            for fault in faults:
                self._findings.note(owner, fault.span, fault.words)
            if any(value for _, value in values_in(document)) and not is_encrypted([document]):
                self.in_clear.append(path)
            for opened in self._opened(owner, [document]):
                found.update(values_in(opened))
        return found

    def _text(self, owner: Owner, path: str) -> str | None:
        """Give a file's text; None when it cannot be read, which is noted."""
        file = self._tree.shown(path)
        if path in self._tree.unreadable:
            self._findings.note(owner, Span(file), self._tree.unreadable[path])
            return None
        raw = self._tree.files[path]
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._findings.note(owner, *_not_text(file, raw, error))
            return None
        if owner.kind is not Kind.VARIABLES:  # of which every line is a secret
            self._sources.add(file, text)
        return text

    def _documents(self, owner: Owner, file: str, text: str) -> list[Document]:
        documents, found = read_yaml(file, text)
        for one in found:
            self._findings.note(owner, one.span, one.words, expected=one.expected, also=one.also)
        self.literals += [(owner, literal) for literal in literals_in(file, text)]
        return documents

    def _opened(self, owner: Owner, documents: list[Document]) -> list[Document]:
        """Decrypt what is encrypted; gives nothing when that cannot be done, which is noted."""
        if not is_encrypted(documents):
            return documents
        # Most folders have no encrypted file, and need nothing of this.
        from droas_mother.adapters.configuration import sops  # noqa: PLC0415 - as above
        from droas_mother.core.configuration.sops_values import SopsError  # noqa: PLC0415 - as above

        try:
            return sops.opened(documents, self._environment).documents
        except SopsError as error:
            holder = next((one for one in documents if error.place in one.entries), documents[0])
            self._findings.note(owner, holder.span(error.place, of_key=True), error.words)
            return []


def _not_text(file: str, raw: bytes, error: UnicodeDecodeError) -> tuple[Span, str]:
    line = raw.count(b"\n", 0, error.start) + 1
    other = next((name for mark, name in _OTHER_ENCODINGS.items() if raw.startswith(mark)), None)
    words = f"the file is {other}; save it as UTF-8" if other is not None else "the file is not UTF-8 text"
    return Span(file, line), words

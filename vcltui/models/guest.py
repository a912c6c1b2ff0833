"""What a guest says of itself in currentimage.txt, and what node_status makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from vcltui.models.numbers import number_in


class NodeState(Enum):
    """The specification's three answers of node_status."""

    READY = "READY"
    POST_LOAD = "POST_LOAD"
    RELOAD = "RELOAD"


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """node_status's answer with its reason in one sentence."""

    state: NodeState
    reason: str


@dataclass(frozen=True, slots=True)
class CurrentImage:
    """`~/currentimage.txt` in a guest: the image name, `key=value` facts and `vcld_` tags."""

    image_name: str
    facts: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def image_revision_id(self) -> int | None:
        """imagerevision_id, or None where it is missing or no number."""
        return number_in(self.facts.get("imagerevision_id"))

    @property
    def post_load_done(self) -> bool:
        """Whether the tag vcld_post_load stands in the file."""
        return "vcld_post_load" in self.tags

    @property
    def tainted(self) -> bool:
        """Whether a user was let in since the load (vcld_tainted)."""
        return "vcld_tainted" in self.tags

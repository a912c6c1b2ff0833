"""What may be chosen for the capture of a base image."""

from __future__ import annotations

from vcltui.models.basecapture import BaseCaptureChoices
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb.basecapture import choices as basechoices


def base_choices(workspace: Workspace, computer: str) -> BaseCaptureChoices:
    """Owners, systems and architectures for a computer, by its host name. Blocks.

    Raises InventoryError.
    """
    return basechoices.choices(workspace.inventory(), computer)

"""The table itself."""

from vcltui.runtime.actions.base import BASE
from vcltui.runtime.actions.domains import EDITING, POWER, PROVISIONING, SNAPSHOTS
from vcltui.runtime.actions.images import IMAGES
from vcltui.runtime.actions.views import DOMAIN_VIEWS

ACTIONS = (*PROVISIONING, *BASE, *SNAPSHOTS, *IMAGES, *POWER, *EDITING, *DOMAIN_VIEWS)
"""Everything that can be done, in the order in which footer and help show it."""

BY_ID = {action.id: action for action in ACTIONS}

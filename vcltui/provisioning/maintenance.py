"""What is done to a computer after it was put into maintenance (post_maintenance_action)."""

from __future__ import annotations

from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning import deletion
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.vcldb import computers


def plan_post_maintenance(context: Context) -> Operation:
    """Plan it: delete the computer's domains, note `noimage`, unassign it from its VM host."""
    computer, database = context.computer, context.inventory

    def unassign(_step: StepContext) -> None:
        computers.assign_vmhost(database, computer.id, None, expected=computer)

    return Operation(
        id=new_operation_id(),
        kind="maintenance",
        target=computer.name,
        host=context.vmhost.name,
        title=f"Take {computer.name} off {context.vmhost.name}",
        steps=(
            *deletion.delete_steps(context, deletion.domains_of(context, computer.name)),
            *deletion.clear_current_image(context),
            Step(
                name="unassign",
                title=f"Unassign {computer.name} from VM host {context.vmhost.name}",
                run=unassign,
                calls=(f"inventory: computer {computer.name}: VM host = none",),
            ),
        ),
    )
